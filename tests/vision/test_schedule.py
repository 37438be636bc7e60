"""The schedule in simulated time: cameras send frames, turns take time, and nothing waits for anything."""

import heapq
from dataclasses import dataclass, field
from itertools import count

import numpy as np
import pytest

from edged.vision.schedule import LONGEST, Place, Schedule


@dataclass
class Camera:
    """`source` frames per second from `begins` on; a turn takes `cost` seconds."""

    place: Place
    source: float = 25.0
    cost: float = 0.02
    begins: float = 0.0
    jitter: float = 0.0
    arrived: float | None = None
    seq: int = 0
    waiting: bool = False
    looks: list[float] = field(default_factory=list)
    ages: list[float] = field(default_factory=list)

    def fps(self, since, until):
        return sum(since <= at < until for at in self.looks) / (until - since)


class World:
    """Events in order of time; `frame` and `over` are all that ever happens."""

    def __init__(self, schedule, cameras):
        self.schedule, self.cameras = schedule, cameras
        self._events, self._number = [], count()
        self._random = np.random.default_rng(5)
        for camera in cameras:
            schedule.join(camera.place)
            self._at(camera.begins, self._frame, camera, 0)

    def run(self, until):
        while self._events and self._events[0][0] < until:
            now, _, event, *what = heapq.heappop(self._events)
            event(now, *what)
        return self

    def _at(self, time, event, *what):
        heapq.heappush(self._events, (time, next(self._number), event, *what))

    def _frame(self, now, camera, number):
        camera.arrived, camera.seq = now, number
        late = self._random.uniform(0.0, camera.jitter)
        self._at(max(now, camera.begins + (number + 1) / camera.source + late), self._frame, camera, number + 1)
        self._claim(now, camera)

    def _claim(self, now, camera):
        fresh = camera.arrived is not None and camera.arrived >= camera.place.due
        if fresh and not camera.waiting and camera.place.holding_since is None:
            camera.waiting = True
            self.schedule.want(camera.place, now)
        self._grant(now)

    def _grant(self, now):
        while (place := self.schedule.choose(now)) is not None:
            camera = next(camera for camera in self.cameras if camera.place is place)
            camera.waiting = False
            if self.schedule.stale(place, camera.arrived, now):
                camera.arrived = None
                self.schedule.release(place, now)
                continue
            place.take(camera.seq, camera.arrived)
            camera.looks.append(now)
            camera.ages.append(now - camera.arrived)
            camera.arrived = None
            self._at(now + camera.cost, self._over, camera)
        if (pause := self.schedule.pause(now)) > 0.0:
            self._at(now + pause + 1e-6, self._grant)

    def _over(self, now, camera):
        self.schedule.release(camera.place, now)
        self._claim(now, camera)


def cameras(number, fps, **more):
    return [Camera(Place(1.0 / fps), begins=0.007 * n, **more) for n in range(number)]


def jain(rates):
    return sum(rates) ** 2 / (len(rates) * sum(rate**2 for rate in rates))


@pytest.mark.parametrize(("source", "asked"), [(25, 5), (25, 10), (25, 3), (30, 7), (12.5, 5), (10, 10), (25, 24)])
@pytest.mark.parametrize("jitter", [0.0, 0.02])
def test_the_asked_rate_is_held_whatever_the_source_sends(source, asked, jitter):
    (camera,) = cameras(1, asked, source=source, jitter=jitter, cost=0.005)
    World(Schedule(1), [camera]).run(60.0)
    assert camera.fps(5.0, 60.0) == pytest.approx(asked, rel=0.02)


def test_a_source_slower_than_asked_for_has_every_frame_looked_at():
    (camera,) = cameras(1, 30, source=7, jitter=0.02)
    World(Schedule(1), [camera]).run(30.0)
    assert camera.fps(0.0, 30.0) == pytest.approx(7, rel=0.02)


def test_unsaturated_a_frame_is_looked_at_the_moment_it_comes():
    some = cameras(4, 5, cost=0.001)
    World(Schedule(2), some).run(20.0)
    assert max(age for camera in some for age in camera.ages) <= 0.001


@pytest.mark.parametrize("capacity", [1, 2])
def test_twelve_saturated_cameras_share_evenly(capacity):
    some = cameras(12, 25)
    World(Schedule(capacity), some).run(60.0)
    rates = [camera.fps(10.0, 60.0) for camera in some]
    assert jain(rates) >= 0.999
    assert sum(rates) == pytest.approx(capacity / 0.02, rel=0.02)  # no turn is wasted


def test_at_three_times_too_much_no_frame_is_older_than_one_spacing_and_one_turn():
    some = cameras(12, 12.5, jitter=0.01)
    World(Schedule(1), some).run(60.0)
    assert max(age for camera in some for age in camera.ages) + 0.02 <= 0.04 + 0.01 + 0.02 + 1e-6
    assert jain([camera.fps(10.0, 60.0) for camera in some]) >= 0.99


def test_who_asks_for_little_gets_it_even_when_others_ask_for_too_much():
    modest, *greedy = cameras(1, 1) + cameras(11, 25)
    World(Schedule(1), [modest, *greedy]).run(60.0)
    assert modest.fps(5.0, 60.0) == pytest.approx(1.0, rel=0.05)


def test_a_picture_that_needs_no_inference_costs_its_camera_next_to_nothing():
    still, busy = cameras(6, 5, cost=0.0003), cameras(6, 25, cost=0.04)
    World(Schedule(1), still + busy).run(60.0)
    assert all(camera.fps(10.0, 60.0) == pytest.approx(5.0, rel=0.03) for camera in still)
    assert sum(camera.fps(10.0, 60.0) for camera in busy) == pytest.approx(25.0, rel=0.05)


def test_active_scenes_get_more_and_quiet_ones_their_part():
    some = cameras(12, 25)
    for camera in some[:4]:
        camera.place.active = True
    World(Schedule(1), some).run(120.0)
    active, quiet = ([c.fps(10.0, 120.0) for c in part] for part in (some[:4], some[4:]))
    assert min(active) > 2.5 * max(quiet)
    assert jain(quiet) >= 0.99


def test_nobody_waits_longer_than_the_longest_however_many_are_active():
    some = cameras(40, 25, cost=0.1)
    for camera in some[:34]:
        camera.place.active = True
    World(Schedule(1), some).run(120.0)
    gaps = [np.diff(camera.looks).max() for camera in some]
    assert max(gaps) <= LONGEST + 10 * 0.1


def test_a_camera_that_was_away_does_not_claim_the_time_it_missed():
    here, late = cameras(1, 25) + cameras(1, 25)
    late.begins = 30.0
    World(Schedule(1), [here, late]).run(40.0)
    assert here.fps(30.0, 32.0) == pytest.approx(25.0, rel=0.1)


def test_a_camera_that_hung_does_not_catch_up_in_a_burst():
    place = Place(0.2)
    for number in range(50):
        place.take(number, number * 0.2)
    place.take(50, 60.0)
    assert place.due >= 60.0 + 0.2 - place.spacing - 1e-9


def test_a_frame_that_lay_about_is_stale_and_counted():
    schedule, place = Schedule(1), Place(0.2)
    for number in range(20):
        place.take(number, number * 0.04)
    assert not schedule.stale(place, 10.0, 10.03)
    assert schedule.stale(place, 10.0, 10.5)
    assert place.stale == 1


def test_a_faster_rate_takes_effect_at_once_and_a_slower_one_after_the_next_look():
    place = Place(1.0)
    place.take(0, 100.0)
    place.ask(10.0)
    assert place.due == pytest.approx(100.1)
    place.ask(0.5)
    assert place.due == pytest.approx(100.1)


@pytest.mark.parametrize("share", [0.25, 0.5])
def test_a_budget_bounds_the_time_spent_in_turns(share):
    some = cameras(4, 25)
    World(Schedule(2, cpu=share), some).run(60.0)
    assert sum(len(camera.looks) for camera in some) * 0.02 / 60.0 == pytest.approx(share, rel=0.05)
    assert jain([camera.fps(10.0, 60.0) for camera in some]) >= 0.99


def test_who_leaves_with_a_turn_gives_it_back():
    schedule, (one, other) = Schedule(1), (Place(0.2), Place(0.2))
    for place in (one, other):
        schedule.join(place)
        schedule.want(place, 0.0)
    assert schedule.choose(0.0) is one
    assert schedule.choose(0.0) is None
    schedule.leave(one, 0.1)
    assert schedule.choose(0.1) is other


def test_the_rate_of_late_is_told_and_fades_when_nothing_comes():
    place = Place(0.2)
    for number in range(20):
        place.take(number, number * 0.2)
    assert place.fps(3.8) == pytest.approx(5.0)
    assert place.fps(60.0) < 0.5
