from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from edged.timezone import TimeZone, ZoneError, named


def test_a_day_without_a_midnight_begins_when_it_begins() -> None:
    beirut = TimeZone(ZoneInfo("Asia/Beirut"))  # 00:00 to 01:00 at the change to summer time
    begin = beirut.midnight(date(2024, 3, 31))
    assert beirut.local(begin).isoformat() == "2024-03-31T01:00:00+03:00"
    assert beirut.day(begin) == begin
    assert beirut.day(begin - 1) == beirut.midnight(date(2024, 3, 30))


def test_the_hour_that_comes_twice_is_two() -> None:
    berlin = TimeZone(ZoneInfo("Europe/Berlin"))
    first, second = (datetime(2026, 10, 25, hour, 30, tzinfo=UTC).timestamp() for hour in (0, 1))
    assert (berlin.hour(first), berlin.hour(second)) == (int(first) - 1800, int(second) - 1800)
    assert berlin.local(first).hour == berlin.local(second).hour == 2


def test_a_time_without_an_offset_is_meant_here() -> None:
    berlin = TimeZone(ZoneInfo("Europe/Berlin"))
    assert berlin.parsed("2026-05-01T12:00").isoformat() == "2026-05-01T12:00:00+02:00"
    assert berlin.parsed("2026-05-01T12:00Z").isoformat() == "2026-05-01T12:00:00+00:00"
    assert berlin.parsed("2026-05-01").isoformat() == "2026-05-01T00:00:00+02:00"


def test_the_system_has_a_zone_unless_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", ":Asia/Kolkata")
    assert named("").key == "Asia/Kolkata"
    assert named("Europe/Berlin").key == "Europe/Berlin"
    with pytest.raises(ZoneError, match="Mars/Olympus"):
        named("Mars/Olympus")
