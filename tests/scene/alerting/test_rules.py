from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from edged.rules import AlertRule, Crossing, Hours
from edged.scene.alerting.quiet import Quiet
from edged.scene.alerting.rules import Here
from tests.scene.alerting.telling import ALIASES, LONG_AGO, NOON, at, crossed, hear, ruled

DOOR = Crossing(line="door")
NIGHT = (Hours(days=("sun",), begin="22:00", end="06:00"),)


def at_berlin(text: str) -> float:
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"))
    return (moment.astimezone(UTC) - NOON).total_seconds()


@pytest.mark.parametrize(
    ("when", "raised"),
    [("2025-06-01T21:59", 0), ("2025-06-01T22:00", 1), ("2025-06-02T05:59", 1), ("2025-06-02T06:00", 0)],
)
@pytest.mark.parametrize("of_rule", [True, False], ids=["rule's zone", "box's zone"])
def test_the_schedule_asks_when_it_happened_in_its_own_time_zone(when, raised, of_rule):
    rule = AlertRule(name="night", when=DOOR, schedule=NIGHT, time_zone="Europe/Berlin" if of_rule else "")
    deciding = ruled(rule, here=Here(ALIASES, ZoneInfo("Asia/Tokyo" if of_rule else "Europe/Berlin"), LONG_AGO))
    assert len(hear(deciding, crossed(1, at_berlin(when)))) == raised


def test_what_is_outside_the_schedule_suppresses_nothing():
    deciding = ruled(AlertRule(name="late", when=DOOR, schedule=(Hours(begin="12:01", end="13:00"),)))
    assert [alert.time for alert in hear(deciding, crossed(1, 50.0, track=1), crossed(2, 70.0, track=1))] == [at(70.0)]


def test_a_rule_that_is_switched_off_raises_nothing():
    deciding = ruled(AlertRule(name="off", when=DOOR, enabled=False))
    assert hear(deciding, crossed(1)) == []
    assert deciding.memory == timedelta(0)


@pytest.mark.parametrize("name", ["front", "edge.front", "home.edge.front"])
def test_a_camera_is_meant_by_any_of_its_names(name):
    deciding = ruled(AlertRule(name="one", when=DOOR, cameras=(name,), suppress=0.0))
    raised = hear(deciding, crossed(1), crossed(2, camera="back"), crossed(3, camera="nfront"))
    assert [alert.camera for alert in raised] == ["front"]


def test_pictures_and_clips_only_where_they_are_wanted():
    deciding = ruled(AlertRule(name="both", when=DOOR), AlertRule(name="none", when=DOOR, snapshot=False, clip=False))
    found = [(alert.snapshot, alert.wants_clip) for alert in hear(deciding, crossed(1))]
    assert found == [("home/edge/front/s1-1.jpg", True), (None, False)]


def test_an_id_stays_short_enough_for_the_name_of_a_clip():
    deciding = ruled(AlertRule(name="n" * 64, when=Crossing()))
    (alert,) = hear(deciding, crossed(1, line="l" * 64, camera="c" * 64))
    (again,) = hear(ruled(AlertRule(name="n" * 64, when=Crossing())), crossed(1, line="l" * 64, camera="c" * 64))
    assert len(alert.id) <= 200
    assert alert.id == again.id


@pytest.mark.parametrize("seconds", [0.5, 7.0, 3600.0])
def test_quiet_is_quiet_for_exactly_so_long_on_both_sides(seconds):
    quiet = Quiet(seconds)
    quiet.note("a", NOON)
    for away in (-seconds, -seconds * 0.999, -seconds / 3, 0.0, seconds / 3, seconds * 0.999, seconds):
        assert quiet.too_close("a", at(away)) == (abs(away) < seconds)
    assert not quiet.too_close("b", NOON)
