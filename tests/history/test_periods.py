from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from edged import questions as q
from edged.history.periods import span, starts
from edged.timezone import TimeZone

BERLIN = TimeZone(ZoneInfo("Europe/Berlin"))
LORD_HOWE = TimeZone(ZoneInfo("Australia/Lord_Howe"))


@pytest.mark.parametrize(
    ("range", "since", "until", "by"),
    [
        ("today", "2026-03-29T00:00+01:00", "2026-03-30T00:00+02:00", "hour"),
        ("7d", "2026-03-23T00:00+01:00", "2026-03-30T00:00+02:00", "day"),
        ("30d", "2026-02-28T00:00+01:00", "2026-03-30T00:00+02:00", "day"),
        ("this_month", "2026-03-01T00:00+01:00", "2026-03-30T00:00+02:00", "day"),
        ("year", "2026-01-01T00:00+01:00", "2026-03-30T00:00+02:00", "month"),
    ],
)
def test_a_range_goes_by_days_of_the_site_to_the_end_of_today(range: str, since: str, until: str, by: str) -> None:
    now = datetime(2026, 3, 29, 23, 59, tzinfo=BERLIN.tz).timestamp()  # the day of 23 hours
    found = span(q.Period(range=range), BERLIN, now)  # type: ignore[arg-type]
    assert found == (
        datetime.fromisoformat(since).timestamp(), datetime.fromisoformat(until).timestamp(), by
    )  # fmt: skip
    assert span(q.Period(range=range, by="minute"), BERLIN, now).by == "minute"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "by", "since", "until"),
    [
        (("2026-05-01", "2026-05-03"), "day", "2026-05-01T00:00+02:00", "2026-05-03T00:00+02:00"),
        (("2026-05-01T10:00", "2026-05-01T12:00"), "hour", "2026-05-01T10:00+02:00", "2026-05-01T12:00+02:00"),
        (("2026-05-01T10:00:30", "2026-05-01T10:01:01"), "minute", "2026-05-01T10:00+02:00", "2026-05-01T10:02+02:00"),
        (
            ("2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00"),
            "minute",
            "2026-10-25T02:30+02:00",
            "2026-10-25T02:30+01:00",
        ),
        (("2026-05-01T00:00Z", "2026-05-02T00:00Z"), "hour", "2026-05-01T02:00+02:00", "2026-05-02T02:00+02:00"),
    ],
)
def test_a_range_of_ones_own_is_rounded_outward(asked: tuple[str, str], by: str, since: str, until: str) -> None:
    found = span(q.Period(range="custom", since=asked[0], until=asked[1]), BERLIN, 0.0)
    assert found == (
        datetime.fromisoformat(since).timestamp(), datetime.fromisoformat(until).timestamp(), by
    )  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "day", "next_day", "hours"),
    [
        (BERLIN, "2026-03-29", "2026-03-30", 23),
        (BERLIN, "2026-10-25", "2026-10-26", 25),
        (LORD_HOWE, "2026-10-04", "2026-10-05", 24),  # of 23.5: one of them is half an hour
        (LORD_HOWE, "2026-04-05", "2026-04-06", 25),  # of 24.5
    ],
)
def test_the_units_of_a_day_lie_end_to_end(zone: TimeZone, day: str, next_day: str, hours: int) -> None:
    asked = q.Period(range="custom", since=day, until=next_day, by="hour")
    since, until, _ = span(asked, zone, 0.0)
    found = list(starts(since, until, "hour", zone))
    assert len(found) == hours
    assert found == sorted({zone.hour(instant) for instant in range(since, until, 300)})
    assert list(starts(since, until, "day", zone)) == [since]
    assert len(list(starts(since, until, "minute", zone))) == (until - since) / 60


def test_months_of_a_year_are_twelve() -> None:
    since, until, by = span(q.Period(range="custom", since="2026-01-01", until="2027-01-01", by="month"), BERLIN, 0.0)
    found = [BERLIN.local(start) for start in starts(since, until, by, BERLIN)]
    assert [(each.month, each.day, each.hour) for each in found] == [(month, 1, 0) for month in range(1, 13)]
