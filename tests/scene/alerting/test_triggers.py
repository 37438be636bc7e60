from itertools import permutations

import pytest

from edged import rules as r
from edged.rules import AlertRule
from tests.scene.alerting.telling import (
    at,
    capacity,
    checked,
    crossed,
    ended,
    entered,
    hear,
    identified,
    left,
    ruled,
    started,
    state,
)


def one(when, **more):
    return ruled(AlertRule(**{"name": "rule", "when": when, "suppress": 60.0} | more))


def messages(alerts):
    return [alert.message for alert in alerts]


# zones


def test_who_enters_and_who_leaves_a_zone():
    deciding = ruled(
        AlertRule(name="in", when=r.Visit(zone="till")), AlertRule(name="out", when=r.Visit(zone="till", event="leave"))
    )
    facts = [entered(1), entered(2, zone="shelf"), entered(3, label="dog"), left(1, seconds=12.4)]
    raised = hear(deciding, *facts)
    assert messages(raised) == ["person entered till at front", "person left till at front after 12 s"]
    assert {(alert.zone, alert.kind, alert.subject) for alert in raised} == {
        ("till", "zone", "home.edge.front.track.s1.1")
    }
    assert raised[1].since == at(0)


STAY = r.Visit(zone="till", event="stay")


def test_who_stays_in_a_zone_is_told_of_while_being_there():
    deciding = one(STAY, min_time=30.0)
    assert hear(deciding, entered(1)) == []
    assert deciding.next_due() == at(30)
    (alert,) = deciding.due(at(30))
    assert (alert.message, alert.time, alert.threshold) == ("person in till at front for 30 s", at(30), 30)
    assert hear(deciding, left(1, seconds=100.0)) == []


def test_who_leaves_the_zone_sooner_raises_nothing_even_by_coming_back():
    deciding = one(STAY, min_time=30.0)
    assert hear(deciding, entered(1), left(1, seconds=20.0), entered(1, 25.0), left(1, 25.0, 50.0)) == []
    assert deciding.due(at(1000)) == []


@pytest.mark.parametrize("order", list(permutations([entered(1), entered(1), left(1, seconds=40.0)])))
def test_a_stay_is_told_of_once_in_whatever_order_it_is_heard(order):
    deciding = one(STAY, min_time=30.0, suppress=0.0)
    assert len(hear(deciding, *order) + deciding.due(at(1000))) <= 1


def test_a_stay_heard_late_is_decided_by_its_own_times():
    assert len(hear(one(STAY, min_time=30.0), entered(1), left(1, seconds=40.0))) == 1


def test_a_session_that_breaks_off_ends_no_stay_in_an_alert():
    deciding = one(STAY, min_time=30.0)
    hear(deciding, entered(1), state("connecting", 10.0))
    assert deciding.due(at(1000)) == []


def test_the_one_who_fills_a_zone_raises_one_alert_about_the_zone():
    deciding = one(r.Occupancy(zone="till", count=3))
    facts = [entered(n, float(n), inside=n) for n in range(1, 6)]
    (alert,) = hear(deciding, *facts)
    assert (alert.message, alert.subject, alert.value, alert.threshold, alert.track) == (
        "3 in till at front", "home.edge.front.zone.till", 3, 3, 3,
    )  # fmt: skip


def test_going_to_and_fro_about_the_threshold_is_told_once_in_the_quiet_time():
    deciding = one(r.Occupancy(zone="till", count=3))
    assert [a.time for a in hear(deciding, *(entered(n, 10.0 * n, inside=3) for n in range(7)))] == [at(0), at(60)]


# lines


def test_a_line_is_crossed_in_the_direction_asked_for():
    deciding = one(r.Crossing(line="door", direction="in"), suppress=0.0)
    raised = hear(deciding, crossed(1), crossed(2, direction="out"), crossed(3, line="gate"), crossed(4, label="car"))
    assert messages(raised) == ["person crossed door (in) at front"]
    assert (raised[0].line, raised[0].id, raised[0].wants_clip) == ("door", "rule.edge.front.door.1", True)
    assert len(hear(one(r.Crossing()), crossed(1), crossed(2, direction="out"), crossed(3, line="gate"))) == 3


def test_the_wrong_way_is_the_one_not_allowed():
    deciding = one(r.WrongWay(line="exit", allowed="out"), severity="alarm")
    (alert,) = hear(deciding, crossed(1, line="exit", direction="out"), crossed(2, line="exit"), crossed(3))
    assert (alert.message, alert.severity) == ("person crossed exit the wrong way (in) at front", "alarm")


def test_who_crosses_again_and_again_is_told_of_once_in_the_quiet_time():
    deciding = one(r.Crossing(line="door"))
    to_and_fro = [crossed(n, 20.0 * n, ("in", "out")[n % 2], track=1) for n in range(7)]
    assert [a.time for a in hear(deciding, *to_and_fro, crossed(99, 21.0, track=2))] == [at(0), at(60), at(120), at(21)]


# counts


def test_so_many_crossings_within_the_window_raise_one_alert():
    deciding = one(r.Count(line="door", direction="in", count=3, window=10.0), suppress=0.0)
    facts = [crossed(n, 4.0 * n) for n in range(6)] + [crossed(50, 8.1, "out"), crossed(51, 8.1, line="gate")]
    (alert, *later) = hear(deciding, *facts)
    assert (alert.message, alert.time, alert.value) == ("3 crossings of door (in) at front within 10 s", at(8), 3)
    assert [a.time for a in later] == [at(20)]


def test_crossings_that_are_just_too_far_apart_raise_nothing():
    deciding = one(r.Count(count=3, window=10.0))
    assert hear(deciding, *(crossed(n, 5.0 * n) for n in range(20))) == []
    assert len(hear(deciding, crossed(100, 52.0))) == 1


@pytest.mark.parametrize("order", list(permutations([crossed(n, 2.0 * n) for n in range(4)])))
def test_crossings_in_whatever_order_and_twice_raise_one_alert(order):
    deciding = one(r.Count(count=3, window=60.0))
    assert len(hear(deciding, *order, *order)) == 1


def test_recalled_crossings_count_for_those_to_come():
    deciding = one(r.Count(count=3, window=60.0))
    for number in range(2):
        deciding.recall(crossed(number, float(number)))
    assert len(hear(deciding, crossed(2, 2.0))) == 1


def test_of_crossings_without_end_only_the_window_is_remembered():
    deciding = one(r.Count(count=10_000, window=1.0))
    hear(deciding, *(crossed(n, 1.0 * n) for n in range(20_000)))
    (judge,) = deciding._judges
    assert len(judge.trigger._facts) <= 8192
    assert max(len(known) for known in judge.trigger._crossed.values()) < 700


def test_a_clock_that_was_set_back_begins_a_new_window():
    deciding = one(r.Count(count=3, window=10.0))
    set_back = [crossed(n, 1.0 * n - 5000.0) for n in range(100, 103)]
    assert len(hear(deciding, crossed(1), crossed(2, 1.0), *set_back)) == 1


# capacity


def test_a_counter_that_fills_is_told_at_the_state_asked_for():
    facts = [
        capacity("warn", "ok", 40),
        capacity("full", "warn", 50, seconds=1),
        capacity("warn", "full", 49, seconds=2),
    ]
    (full,) = hear(one(r.Capacity(of="counter", name="shop")), *facts)
    (warn,) = hear(one(r.Capacity(of="counter", name="shop", state="warn")), *facts)
    assert (full.message, full.camera, full.subject) == (
        "shop is full: 50 inside, the limit is 50",
        "_",
        "home.counter.shop",
    )
    assert (warn.message, warn.wants_clip) == ("shop fills up: 40 inside, the limit is 40", False)
    assert len(hear(one(r.Capacity(of="counter", name="shop", state="warn")), capacity("full", "ok", 50))) == 1


def test_a_zone_of_the_same_name_is_not_the_counter():
    assert hear(one(r.Capacity(of="counter", name="shop")), capacity("full", "ok", 50, of="zone")) == []
    (alert,) = hear(one(r.Capacity(of="zone", name="shop")), capacity("full", "ok", 50, of="zone"))
    assert (alert.message, alert.zone) == ("shop at front is full: 50 inside, the limit is 50", "shop")


# equipment


def test_who_is_without_a_required_item_is_told_of():
    deciding = one(r.Missing())
    (alert,) = hear(deciding, checked(1, helmet="missing", vest="missing"), checked(2, helmet="ok", vest="not_visible"))
    assert (alert.message, alert.snapshot) == ("person without helmet and vest at front", "home/edge/front/s1-1.jpg")
    only_vest = one(r.Missing(items=("Vest",)))
    raised = hear(only_vest, checked(1, helmet="missing", vest="ok"), checked(2, helmet="ok", vest="missing"))
    assert messages(raised) == ["person without vest at front"]


# cameras


def test_a_camera_that_stays_away_is_told_of_once():
    deciding = one(r.Offline(), min_time=30.0)
    hear(
        deciding,
        state("stalled", 0.0, previous="running", detail="no frame for 2 s"),
        state("retrying", 1.0, previous="stalled"),
    )
    hear(deciding, state("connecting", 5.0, previous="retrying"), state("retrying", 6.0, previous="connecting"))
    (alert,) = deciding.due(at(30))
    assert (alert.message, alert.since, alert.wants_clip) == (
        "front has been offline for 30 s: no frame for 2 s",
        at(0),
        False,
    )
    assert hear(deciding, state("retrying", 40.0, previous="connecting")) + deciding.due(at(10_000)) == []


@pytest.mark.parametrize("back", ["running", "stopped"])
def test_a_camera_that_comes_back_or_is_switched_off_in_time_is_not(back):
    deciding = one(r.Offline(), min_time=30.0)
    hear(deciding, state("retrying", 0.0, previous="running"), state(back, 20.0, previous="retrying"))
    assert deciding.due(at(1000)) == []
    assert len(hear(deciding, state("retrying", 100.0, previous="running"), state("running", 140.0))) == 1


def test_a_camera_that_is_not_there_when_the_daemon_starts_is_reckoned_from_then_on():
    deciding = one(r.Offline(), min_time=30.0)
    hear(deciding, state("retrying", 0.0, previous="running"), state("connecting", 20.0, previous=None))
    assert deciding.due(at(49)) == []
    assert [alert.since for alert in deciding.due(at(50))] == [at(20)]


# crowds

CROWD = r.Crowd(count=5, factor=2.0, minutes=5)


def quiet_day(usual=2, until=400.0):
    """So many people in sight from the start, and proof that time went on."""
    return [*(started(n, first=0.5) for n in range(usual)), state("running", until)]


def test_more_than_usual_is_a_crowd_when_it_is_more_than_a_few():
    deciding = one(CROWD)
    coming = [started(100 + n, first=401.0) for n in range(3)]
    (alert,) = hear(deciding, *quiet_day(), *coming, state("running", 430.0))
    assert (alert.message, alert.time) == ("sudden crowd at front: 5 in sight, usually 2", at(410))
    assert (alert.value, alert.threshold, alert.subject) == (5, 5.0, "home.edge.front")
    assert alert.id.startswith("rule.edge.front.crowd.")


@pytest.mark.parametrize(("usual", "come"), [(2, 2), (4, 3)], ids=["only a few", "not many times as many"])
def test_what_is_not_unusual_is_no_crowd(usual, come):
    coming = [started(100 + n, first=401.0) for n in range(come)]
    assert hear(one(CROWD), *quiet_day(usual), *coming, state("running", 430.0)) == []


def test_who_was_lost_and_found_again_is_not_counted_twice():
    deciding = one(CROWD)
    coming = [started(100 + n, first=401.0) for n in range(2)]
    flicker = [ended(0, first=0.5, last=404.0), ended(1, first=0.5, last=404.0), started(7, 406.0), started(8, 406.0)]
    assert hear(deciding, *quiet_day(), *coming, *sorted(flicker, key=lambda f: f.time), state("running", 430.0)) == []


def test_what_is_usual_must_be_known_first():
    coming = [started(100 + n, first=101.0) for n in range(9)]
    assert hear(one(CROWD), *quiet_day(until=100.0), *coming, state("running", 130.0)) == []


def test_time_passing_finds_a_crowd_as_hearing_it_does():
    deciding = one(CROWD)
    hear(deciding, *quiet_day(), *(started(100 + n, first=401.0) for n in range(3)))
    assert deciding.next_due() == at(410)
    assert deciding.due(at(415)) == []
    assert [alert.time for alert in deciding.due(at(420))] == [at(410)]
    assert deciding.due(at(500)) == []


def test_a_crowd_that_stays_is_told_once_and_one_that_comes_again_again():
    deciding = one(CROWD, suppress=0.0)
    crowd = [started(100 + n, first=401.0) for n in range(4)]
    gone = [ended(100 + n, first=401.0, last=445.0) for n in range(4)]
    again = [started(200 + n, first=501.0) for n in range(4)]
    raised = hear(deciding, *quiet_day(), *crowd, *gone, *again, state("running", 560.0))
    assert [alert.time for alert in raised] == [at(410), at(510)]


def test_a_camera_that_was_away_brings_no_crowd_of_those_it_left_behind():
    deciding = one(CROWD)
    ghosts = [started(100 + n, first=399.0) for n in range(9)]
    facts = [*quiet_day(), *ghosts, state("connecting", 500.0), state("running", 501.0)]
    assert hear(deciding, *facts, *(started(300 + n, first=510.0) for n in range(2)), state("running", 600.0)) == []


def test_recalled_facts_say_what_is_usual():
    live, restarted = one(CROWD), one(CROWD)
    coming = [*(started(100 + n, first=401.0) for n in range(3)), state("running", 430.0)]
    for fact in quiet_day():
        restarted.recall(fact)
    assert hear(restarted, *coming) == hear(live, *quiet_day(), *coming)


def test_tracks_that_never_end_take_no_more_and_more_memory():
    deciding = one(CROWD)
    for number in range(4000):
        deciding.hear(started(number, first=30.0 * number, camera=f"c{number % 3}"))
    (judge,) = deciding._judges
    for camera in judge.trigger._cameras.values():
        assert len(camera.samples) <= 31
        assert len(camera.tracks) <= 1024 + 3


# people


@pytest.mark.parametrize(
    ("when", "who"),
    [
        (r.Identified(), ["p2"]),
        (r.Identified(who="known"), ["p1", "p2"]),
        (r.Identified(who="unknown"), ["u1"]),
        (r.Identified(who="anybody"), ["p1", "p2", "u1"]),
        (r.Identified(identities=("p1", "u1")), ["p1", "u1"]),
    ],
)
def test_who_was_recognised_is_told_of_if_they_are_meant(when, who):
    facts = [
        identified("p1", 1), identified("p2", 2, watched=True), identified("u1", 3, status="unregistered"), identified("", 4)
    ]  # fmt: skip
    raised = hear(one(when), *facts, *facts)
    assert [alert.subject for alert in raised] == [f"home.edge.front.identity.{id}" for id in who]
    assert {alert.kind for alert in raised} == {"identity"}


def test_an_alert_of_somebody_says_what_they_are_and_names_nobody():
    deciding = one(r.Identified(who="anybody"))
    raised = hear(
        deciding, identified("p1"), identified("p2", 2, watched=True), identified("u1", 3, status="unregistered")
    )
    assert messages(raised) == ["known person at front", "person on the watch list at front", "unknown person at front"]
    assert (raised[0].since, raised[0].snapshot, raised[0].wants_clip) == (at(-2), "home/edge/front/s1-1.jpg", True)


def test_somebody_seen_again_on_another_track_is_told_of_once_in_the_quiet_time():
    deciding = one(r.Identified(who="known"))
    seen = [identified("p1", track, 20.0 * track) for track in range(7)]
    assert [alert.time for alert in hear(deciding, *seen)] == [at(0), at(60), at(120)]
    assert len(hear(deciding, identified("p1", 9, 121.0, camera="back"))) == 1
