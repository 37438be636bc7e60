from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pytest

from edged.config import Tracking
from edged.messages import AnyFact, TrackEnded, TrackStarted
from edged.scene.presence import PATH, Moment, Presence, box_of
from edged.subjects import Address
from edged.vision.detections import NOTHING, Found
from edged.vision.tracker import Tracked, Tracker

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)


def moment(at):
    return Moment(at, round(at * 90_000), NOON + timedelta(seconds=at))


def found(x):
    box = np.array([[x - 0.05, 0.3, x + 0.05, 0.7]], np.float32)
    return Found(box, np.array([0.9], np.float32), np.zeros(1, np.int32))


class Walk:
    """Somebody crosses the picture at 5 fps, from x = 0.2 at time 0, through a real tracker."""

    def __init__(self):
        self.tracker = Tracker(Tracking(confirm=3, keep_lost=2.0), 16 / 9, np.zeros(1, np.int32))
        self.presence = Presence(Address("home", "edge", "front"), "s1", ("person",))
        self.facts = []

    def see(self, seconds, speed=0.05, begins=0.0, gone=False):
        for number in range(round(seconds * 5)):
            at = begins + number / 5
            update = self.tracker.update(NOTHING if gone else found(0.2 + speed * at), at)
            self.facts += self.presence.see(update, moment(at))
        return self


def test_a_track_starts_with_the_time_at_which_it_was_first_seen():
    (started,) = Walk().see(2.0).facts
    assert isinstance(started, TrackStarted)
    assert started.id == "edge.front.s1.1.started"
    assert started.first_seen == NOON
    assert started.time == NOON + timedelta(seconds=0.4)
    assert (started.pts, started.label) == (36_000, "person")
    assert started.box == pytest.approx((0.17, 0.3, 0.1, 0.4), abs=0.01)


def test_a_track_ends_with_the_time_at_which_it_was_last_seen():
    _, ended = Walk().see(4.0).see(4.0, begins=4.0, gone=True).facts
    assert isinstance(ended, TrackEnded)
    assert ended.id == "edge.front.s1.1.ended"
    assert (ended.first_seen, ended.last_seen) == (NOON, NOON + timedelta(seconds=3.8))
    assert ended.time > ended.last_seen + timedelta(seconds=2)
    assert ended.pts == round(3.8 * 90_000)
    assert ended.score == pytest.approx(0.9)


def test_the_path_is_where_its_feet_went():
    *_, ended = Walk().see(4.0).see(4.0, begins=4.0, gone=True).facts
    seconds, x, y = zip(*ended.path, strict=True)
    assert seconds[0] == pytest.approx(0.4)
    assert seconds[-1] == pytest.approx(3.8)
    assert x == pytest.approx([0.2 + 0.05 * t for t in seconds], abs=0.01)
    assert y == pytest.approx([0.7] * len(y), abs=0.01)


@pytest.mark.parametrize("seconds", [12.0, 13.0, 60.0, 1000.0])
def test_a_path_however_long_is_thinned_evenly(seconds):
    walk = Walk().see(seconds, speed=0.0005)
    (ended,) = walk.presence.close(moment(seconds))
    gaps = np.diff([step[0] for step in ended.path[:-1]])
    assert PATH / 2 <= len(ended.path) <= PATH
    assert ended.path[-1][0] == pytest.approx(seconds - 0.2)
    assert gaps.max() <= 2.5 * gaps.min()


def test_closing_ends_what_is_open_and_nothing_twice():
    walk = Walk().see(2.0)
    (ended,) = walk.presence.close(moment(2.0))
    assert ended.last_seen == NOON + timedelta(seconds=1.8)
    assert walk.presence.close(moment(3.0)) == []


def test_the_facts_are_such_as_messages_allow():
    walk = Walk().see(4.0).see(4.0, begins=4.0, gone=True)
    for fact in walk.facts:
        assert msgspec.json.decode(msgspec.json.encode(fact), type=AnyFact) == fact


def test_a_box_that_sticks_out_of_the_picture_is_cut_off():
    assert box_of(Tracked(1, 0, 0.9, (-0.1, 0.5, 0.2, 1.2), 0.0, 0.0)) == (0.0, 0.5, 0.2, 0.5)
