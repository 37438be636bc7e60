from datetime import timedelta

import msgspec
import pytest

from edged.config import Camera, Line, Zone
from edged.messages import AnyFact, CapacityChanged, LineCrossed, ZoneDwelled, ZoneEntered, ZoneLeft
from edged.scene.scene import Scene
from edged.subjects import Address
from tests.scene.walking import CAR, LABELS, NOON, PERSON, Tracks, at, someone

ADDRESS = Address("home", "edge", "front")
DOOR = Line(id="door", points=((0.5, 0.9), (0.5, 0.1)))
TILL = Zone(id="till", polygon=((0.4, 0.2), (0.8, 0.2), (0.8, 0.9), (0.4, 0.9)))
VEHICLES = {"vehicle": ("car",)}


def camera(**drawn):
    return Camera(id="front", url="rtsp://127.0.0.1/1", **drawn)


class Street:
    """People are seen ten times a second; `facts` is what the scene said."""

    def __init__(self, **drawn):
        self.scene = Scene(ADDRESS, "s1", LABELS, VEHICLES, 1.0)
        self.settings = camera(**drawn)
        self.tracks = Tracks()
        self.seconds = 0.0
        self.facts = []

    def see(self, *people, ended=()):
        update = self.tracks.now(*(someone(*one) for one in people), ended=ended)
        self.facts += self.scene.see(update, at(self.seconds), self.settings)
        self.seconds = round(self.seconds + 0.1, 3)
        return self

    def walk(self, start, end, looks=11, id=1, label=PERSON):
        for number in range(looks):
            self.see((id, start + (end - start) * number / (looks - 1), 0.5, self.seconds, label))
        return self

    def stand(self, x, seconds, id=1):
        return self.walk(x, x, round(seconds * 10) + 1, id)

    def close(self):
        self.facts += self.scene.close(at(self.seconds))
        return self

    def of(self, kind):
        return [fact for fact in self.facts if isinstance(fact, kind)]


def test_a_crossing_says_who_where_when_and_which_way():
    (crossing,) = Street(lines=(DOOR,)).walk(0.25, 0.75).facts
    assert isinstance(crossing, LineCrossed)
    assert (crossing.line, crossing.direction, crossing.track, crossing.label) == ("door", "in", 1, "person")
    assert crossing.point == pytest.approx((0.5, 0.5))
    assert crossing.time == NOON + timedelta(seconds=0.5)
    assert crossing.pts == 45_000
    assert crossing.id == "edge.front.s1.1.door.45000.crossed"


def test_every_passage_has_an_id_of_its_own():
    street = Street(lines=(DOOR,)).walk(0.25, 0.75).walk(0.75, 0.25).walk(0.25, 0.75)
    assert [one.direction for one in street.facts] == ["in", "out", "in"]
    assert len({one.id for one in street.facts}) == 3


def test_a_line_for_vehicles_counts_no_person():
    street = Street(lines=(msgspec.structs.replace(DOOR, labels=("vehicle",)),))
    street.walk(0.25, 0.75).walk(0.75, 0.25, id=2, label=CAR)
    assert [(one.label, one.direction) for one in street.facts] == [("car", "out")]


def test_the_end_of_the_session_decides_what_was_open():
    street = Street(lines=(DOOR,), zones=(TILL,)).walk(0.25, 0.505).close()
    assert [type(fact) for fact in street.facts] == [ZoneEntered, LineCrossed, ZoneLeft]


def test_a_line_drawn_while_somebody_walks_counts_from_then_on():
    street = Street().walk(0.25, 0.45)
    street.settings = camera(lines=(DOOR,))
    street.walk(0.45, 0.75)
    street.settings = camera(lines=(msgspec.structs.replace(DOOR, reversed=True),))
    street.walk(0.75, 0.25)
    assert [one.direction for one in street.facts] == ["in", "in"]


def test_a_line_that_stays_goes_on_while_another_is_drawn():
    street = Street(lines=(DOOR,)).walk(0.25, 0.51)
    street.settings = camera(lines=(DOOR, Line(id="other", points=((0.1, 0.1), (0.2, 0.1)))))
    street.walk(0.51, 0.75)
    assert [one.line for one in street.facts] == ["door"]


def test_a_visit_is_told_from_coming_to_going():
    street = Street(zones=(TILL,)).walk(0.2, 0.6).stand(0.6, 2.0).walk(0.6, 0.2)
    entered, left = street.facts
    assert (entered.zone, entered.inside, entered.track) == ("till", 1, 1)
    assert entered.time == NOON + timedelta(seconds=0.5)
    assert (left.entered, left.inside) == (entered.time, 0)
    assert left.dwell == pytest.approx((left.time - left.entered).total_seconds())
    assert left.dwell == pytest.approx(3.3, abs=0.2)


def test_who_is_first_seen_inside_has_entered_and_whose_track_ends_inside_has_left():
    street = Street(zones=(TILL,)).stand(0.6, 1.0)
    street.see(ended=(someone(1, 0.6, 0.5),))
    assert [type(fact) for fact in street.facts] == [ZoneEntered, ZoneLeft]
    assert street.facts[1].time == NOON + timedelta(seconds=1.0)


def test_trembling_on_the_border_is_no_coming_and_going():
    street = Street(zones=(TILL,)).walk(0.2, 0.39)
    for number in range(100):
        street.see((1, 0.39 + 0.02 * (number % 2), 0.5, street.seconds))
    assert street.facts == []


def test_standing_just_inside_for_a_second_is_coming():
    street = Street(zones=(TILL,)).walk(0.2, 0.405).stand(0.405, 1.5)
    assert [type(fact) for fact in street.facts] == [ZoneEntered]


def test_a_long_stay_is_told_once():
    street = Street(zones=(msgspec.structs.replace(TILL, dwell=2.0),)).walk(0.2, 0.6).stand(0.6, 10.0)
    (dwelled,) = street.of(ZoneDwelled)
    assert dwelled.time - dwelled.entered == timedelta(seconds=2)
    assert dwelled.threshold == 2.0


def test_a_zone_says_when_it_is_nearly_full_full_and_no_longer():
    street = Street(zones=(msgspec.structs.replace(TILL, warn_threshold=1, max_capacity=2),))
    street.see((1, 0.5, 0.5)).see((1, 0.5, 0.5), (2, 0.7, 0.5)).see((1, 0.5, 0.5), (2, 0.2, 0.5)).close()
    told = [(fact.previous, fact.state, fact.occupancy) for fact in street.of(CapacityChanged)]
    assert told == [("ok", "warn", 1), ("warn", "full", 2), ("full", "warn", 1), ("warn", "ok", 0)]


def test_a_stay_goes_on_under_another_id():
    street = Street(zones=(TILL,)).stand(0.6, 1.0, id=1).stand(0.6, 1.0, id=2).walk(0.6, 0.2, id=2)
    street.see(ended=(someone(1, 0.6, 0.5),))
    entered, left = street.facts
    assert (entered.track, left.track, left.entered) == (1, 2, entered.time)


def test_a_zone_that_is_taken_away_is_left_by_all():
    street = Street(zones=(TILL,)).stand(0.6, 1.0)
    street.settings = camera()
    street.stand(0.6, 1.0)
    assert [type(fact) for fact in street.facts] == [ZoneEntered, ZoneLeft]


def test_a_new_border_keeps_who_is_within():
    street = Street(zones=(TILL,)).stand(0.6, 1.0)
    street.settings = camera(zones=(msgspec.structs.replace(TILL, polygon=((0.5, 0.2), (0.9, 0.2), (0.9, 0.9))),))
    street.stand(0.7, 1.0)
    assert [type(fact) for fact in street.facts] == [ZoneEntered]


def test_nothing_is_kept_of_tracks_that_are_over():
    street = Street(lines=(DOOR,), zones=(TILL,))
    for id in range(1, 200):
        street.see((id, 0.5, 0.5), (1000 + id, 0.3, 0.5))
        street.see(ended=(someone(id, 0.5, 0.5), someone(1000 + id, 0.3, 0.5)))
    scene = street.scene
    assert not scene._walkers
    assert not scene._lines._open
    assert not any(zone.stays or zone.turning for zone in scene._zones._zones.values())


def test_the_facts_are_such_as_messages_allow():
    street = Street(lines=(DOOR,), zones=(msgspec.structs.replace(TILL, dwell=0.5, max_capacity=1),))
    street.walk(0.25, 0.75).stand(0.75, 1.0).close()
    assert {type(fact) for fact in street.facts} == {LineCrossed, ZoneEntered, ZoneLeft, ZoneDwelled, CapacityChanged}
    for fact in street.facts:
        assert msgspec.json.decode(msgspec.json.encode(fact), type=AnyFact) == fact
