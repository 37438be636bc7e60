import numpy as np
import pytest

from bench import tracker as bench
from edged.config import Tracking
from edged.vision.detections import NOTHING, Found
from edged.vision.tracker import Tracker

SEPARATE = np.arange(3, dtype=np.int32)
PERSON, CAR, TRUCK = 0, 1, 2


def found(*objects):
    """Objects as (centre x, centre y, score) or with a class behind."""
    rows = [(*one, PERSON)[:4] for one in objects]
    corners = [[x - 0.03, y - 0.12, x + 0.03, y + 0.12] for x, y, _, _ in rows]
    return Found(
        np.array(corners, np.float32).reshape(-1, 4),
        np.array([score for _, _, score, _ in rows], np.float32),
        np.array([kind for *_, kind in rows], np.int32),
    )


def tracker(groups=SEPARATE, **settings):
    return Tracker(Tracking(**settings), 16 / 9, groups)


def walk(tracking, paths, fps, start=0.0):
    """Feeds `paths`, one list of objects per frame; the last update."""
    for number, objects in enumerate(paths):
        update = tracking.update(found(*objects), start + number / fps)
    return update


def at(update):
    """Where each id is."""
    return {one.id: pytest.approx((one.box[0] + one.box[2]) / 2, abs=0.02) for one in update.tracks}


@pytest.mark.parametrize("fps", [5.0, 25.0])
def test_two_people_who_cross_keep_their_ids(fps):
    steps = range(int(8 * fps) + 1)
    paths = [[(0.1 + 0.1 * n / fps, 0.50, 0.9), (0.9 - 0.1 * n / fps, 0.58, 0.9)] for n in steps]
    tracking = tracker()
    walk(tracking, paths[: int(fps)], fps)
    update = walk(tracking, paths[int(fps) :], fps, start=1.0)
    assert at(update) == {1: 0.9, 2: 0.1}


def test_somebody_who_is_not_seen_for_a_second_comes_back_as_himself():
    tracking = tracker()
    walk(tracking, [[(0.2 + 0.01 * n, 0.5, 0.9)] for n in range(10)], 10.0)
    away = walk(tracking, [[]] * 10, 10.0, start=1.0)
    back = walk(tracking, [[(0.4, 0.5, 0.9)]], 10.0, start=2.0)
    assert (away.tracks, away.ended) == ((), ())
    assert [one.id for one in back.tracks] == [1]
    assert back.tracks[0].first_seen == 0.0


def test_low_scores_carry_a_track_on_but_begin_none():
    tracking = tracker()
    walk(tracking, [[(0.3, 0.5, 0.9)]] * 3, 5.0)
    update = walk(tracking, [[(0.3, 0.5, 0.2), (0.7, 0.5, 0.2)]] * 20, 5.0, start=0.6)
    assert at(update) == {1: 0.3}


def test_at_three_frames_a_second_a_brisk_walker_moves_most_of_his_width_and_is_still_one():
    update = walk(tracker(), [[(0.1 + 0.048 * n, 0.5, 0.9)] for n in range(17)], 3.0)
    assert [one.id for one in update.tracks] == [1]


def test_irregular_times_between_frames_do_not_matter():
    random = np.random.default_rng(3)
    tracking, time = tracker(), 0.0
    for _ in range(60):
        time += random.choice([0.04, 0.2, 0.5])
        update = tracking.update(found((0.05 + 0.04 * time, 0.5, 0.9), (0.95 - 0.04 * time, 0.8, 0.9)), time)
    assert sorted(one.id for one in update.tracks) == [1, 2]


def test_one_false_alarm_is_never_told():
    tracking = tracker()
    first = tracking.update(found((0.5, 0.5, 0.95)), 0.0)
    then = [tracking.update(NOTHING, 0.2 * n) for n in range(1, 30)]
    assert not first.tracks
    assert not any(update.started or update.ended for update in then)


def test_a_track_is_told_once_when_it_starts_and_once_when_it_ends():
    tracking = tracker(confirm=3, keep_lost=2.0)
    updates = [tracking.update(found((0.5, 0.5, 0.9)), 0.2 * n) for n in range(10)]
    updates += [tracking.update(NOTHING, 0.2 * n) for n in range(10, 40)]
    started = [(n, one) for n, update in enumerate(updates) for one in update.started]
    ended = [(n, one) for n, update in enumerate(updates) for one in update.ended]
    assert [(n, one.id) for n, one in started] == [(2, 1)]
    assert [one.id for _, one in ended] == [1]
    assert ended[0][1].last_seen == pytest.approx(1.8)
    assert ended[0][0] * 0.2 - 1.8 == pytest.approx(2.0, abs=0.21)


def test_a_still_picture_keeps_what_was_in_it_for_as_long_as_it_lasts():
    tracking = tracker(keep_lost=1.0)
    seen = walk(tracking, [[(0.5, 0.5, 0.9)]] * 5, 5.0)
    held = [tracking.hold(float(second)) for second in range(1, 60)]
    again = tracking.update(found((0.5, 0.5, 0.9)), 60.0)
    assert all(at(update) == at(seen) and not update.ended for update in held)
    assert [one.id for one in again.tracks] == [1]


def test_a_still_picture_does_not_bring_back_who_had_left_it():
    tracking = tracker(keep_lost=1.0)
    walk(tracking, [[(0.5, 0.5, 0.9)]] * 5, 5.0)
    tracking.update(NOTHING, 1.0)
    held = tracking.hold(3.0)
    assert not held.tracks
    assert [one.id for one in held.ended] == [1]


def test_a_wavering_class_within_a_group_is_one_track_with_the_class_of_most():
    tracking = tracker(groups=np.array([0, 1, 1], np.int32))
    update = walk(tracking, [[(0.5, 0.5, 0.8, TRUCK if n % 3 == 0 else CAR)] for n in range(12)], 5.0)
    assert [(one.id, one.label) for one in update.tracks] == [(1, CAR)]


def test_another_class_in_the_same_place_is_another_object():
    tracking = tracker()
    walk(tracking, [[(0.5, 0.5, 0.8, PERSON)]] * 3, 5.0)
    update = walk(tracking, [[(0.5, 0.5, 0.8, CAR)]] * 3, 5.0, start=0.6)
    assert [(one.id, one.label) for one in update.tracks] == [(2, CAR)]


def test_a_crowd_keeps_its_ids_through_misses_and_noise():
    random = np.random.default_rng(11)
    homes = [(0.1 + 0.16 * column, 0.2 + 0.3 * row) for column in range(6) for row in range(3)]
    tracking, ids_at = tracker(), {home: set() for home in homes}
    for number in range(250):
        noise = random.normal(0.0, 0.003, (len(homes), 2))
        drift = 0.03 * np.sin(number / 25.0)
        objects = [
            (x + drift + dx, y + dy, random.uniform(0.3, 0.95)) for (x, y), (dx, dy) in zip(homes, noise, strict=True)
        ]
        update = tracking.update(found(*(one for one in objects if random.random() > 0.1)), number / 25.0)
        for one in update.tracks:
            centre = ((one.box[0] + one.box[2]) / 2 - drift, (one.box[1] + one.box[3]) / 2)
            ids_at[min(homes, key=lambda home: np.hypot(home[0] - centre[0], home[1] - centre[1]))].add(one.id)
    assert all(len(ids) == 1 for ids in ids_at.values())


@pytest.fixture
def ground_truth():
    if not bench.DATA.is_dir():
        pytest.skip(f"no ground truth at {bench.DATA}: set EDGED_TEST_DATA")


@pytest.mark.usefixtures("ground_truth")
def test_on_tud_campus_the_defaults_reach_what_was_asked_for():
    scores = bench.quality(bench.tud_campus(), Tracking())
    assert scores.mota >= 0.60
    assert scores.idf1 >= 0.66


@pytest.mark.usefixtures("ground_truth")
def test_on_tud_campus_no_setting_nearby_falls_apart():
    campus = bench.tud_campus()
    nearby = [
        Tracking(confirm=1),
        Tracking(confirm=3),
        Tracking(new_score=0.7),
        Tracking(keep_lost=1.0),
        Tracking(high_score=0.6),
    ]
    for settings in nearby:
        scores = bench.quality(campus, settings)
        assert scores.mota >= 0.58, settings
        assert scores.idf1 >= 0.66, settings


@pytest.mark.usefixtures("ground_truth")
def test_on_other_sequences_nobody_is_mistaken_for_another():
    scores = bench.together([bench.quality(one, Tracking()) for one in bench.mot17_mini()])
    assert scores.switches <= 2
    assert scores.false_alarms <= 0.1 * scores.objects


def test_a_track_that_is_believed_tells_where_it_was_before():
    tracking = tracker(confirm=3)
    updates = [
        tracking.update(found((0.3 + 0.02 * n, 0.5, score)), n / 10)
        for n, score in enumerate((0.2, 0.3, 0.9, 0.9, 0.9))
    ]
    assert [len(update.started) for update in updates] == [0, 0, 0, 0, 1]
    (birth,) = updates[-1].births
    assert [glimpse.at for glimpse in birth] == [0.0, 0.1, 0.2]
    assert [(glimpse.box[0] + glimpse.box[2]) / 2 for glimpse in birth] == pytest.approx([0.3, 0.32, 0.34], abs=1e-4)
    assert updates[-1].started[0].first_seen == 0.2
