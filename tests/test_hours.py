from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from edged.hours import covers, next_outside
from edged.rules import Hours

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = (Hours(days=("fri",), begin="22:00", end="06:00"),)
EARLY = (Hours(begin="00:00", end="02:30"),)


def berlin(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("when", "inside"),
    [
        ("2026-05-01T21:59:59", False),
        ("2026-05-01T22:00", True),
        ("2026-05-02T05:59:59", True),
        ("2026-05-02T06:00", False),
        ("2026-05-01T05:00", False),
        ("2026-05-02T22:30", False),
    ],
)
def test_a_night_belongs_to_the_day_on_which_it_begins(when, inside):
    assert covers(NIGHT, berlin(when), BERLIN) == inside


def test_without_times_it_is_the_whole_day_and_another_zone_is_another_day():
    sunday = (Hours(days=("sun",)),)
    assert covers(sunday, berlin("2026-05-03T00:00"), BERLIN)
    assert covers(sunday, berlin("2026-05-03T23:59:59"), BERLIN)
    assert not covers(sunday, berlin("2026-05-03T00:00"), UTC)


def test_the_wall_decides_when_clocks_go_back():
    """02:10 comes twice, and is before half past two both times."""
    assert [covers(EARLY, berlin("2026-10-25T02:10", fold), BERLIN) for fold in (0, 1)] == [True, True]
    assert [covers(EARLY, berlin("2026-10-25T02:40", fold), BERLIN) for fold in (0, 1)] == [False, False]
    lasts = sum(covers(EARLY, berlin("2026-10-25T00:00") + timedelta(minutes=n), BERLIN) for n in range(300))
    assert lasts == 180


def test_an_hour_that_is_left_out_is_left_out():
    lasts = sum(covers(EARLY, berlin("2026-03-29T00:00") + timedelta(minutes=n), BERLIN) for n in range(300))
    assert lasts == 120


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25", "2026-05-01"])
@pytest.mark.parametrize(
    "hours", [EARLY, NIGHT, (Hours(begin="01:15", end="03:00"), Hours(begin="03:00", end="04:45"))]
)
def test_the_next_moment_outside_is_the_first_minute_that_is(day, hours):
    begin = berlin(f"{day}T00:00") - timedelta(hours=3)
    minutes = [begin + timedelta(minutes=n) for n in range(1000)]
    for index in range(0, 700, 7):
        expected = next(minute for minute in minutes[index:] if not covers(hours, minute, BERLIN))
        assert next_outside(hours, minutes[index], BERLIN) == expected


def test_a_week_without_an_end_has_no_moment_outside():
    assert next_outside((Hours(),), berlin("2026-05-01T12:00"), BERLIN) is None
