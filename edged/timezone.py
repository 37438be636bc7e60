"""The site's time zone, and the minutes, hours and days that an instant falls into there."""

import os
from datetime import date, datetime, time, tzinfo
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MINUTE = 60
QUARTER = 900  # the offsets of all zones are multiples of it


class ZoneError(ValueError):
    """There is no such time zone."""


def named(name: str) -> ZoneInfo:
    """The zone of that IANA name, or without one the system's. Raises ZoneError."""
    name = name or _of_system()
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ZoneError(f"there is no time zone {name!r}: use an IANA name such as Europe/Berlin") from None


def _of_system() -> str:
    if name := os.environ.get("TZ", "").removeprefix(":"):
        return name
    _, _, name = str(Path("/etc/localtime").resolve()).partition("zoneinfo/")
    return name or "UTC"


class TimeZone:
    """`minute`, `hour` and `day` give where the one that holds an instant begins. All are whole seconds since 1970 in UTC."""

    def __init__(self, tz: tzinfo) -> None:
        self.tz = tz
        self._start = lru_cache(4096)(self._start_of_quarter)

    def minute(self, instant: float) -> int:
        return int(instant // MINUTE) * MINUTE

    def hour(self, instant: float) -> int:
        """An hour of the clock on the wall: one that a change cuts short, or repeats, is on its own."""
        return self._start(int(instant // QUARTER))[0]

    def day(self, instant: float) -> int:
        return self._start(int(instant // QUARTER))[1]

    def midnight(self, day: date) -> int:
        """The first instant of a day."""
        return int(datetime.combine(day, time.min, self.tz).timestamp())

    def local(self, instant: float) -> datetime:
        return datetime.fromtimestamp(instant, self.tz)

    def parsed(self, text: str) -> datetime:
        """An ISO 8601 date (its first instant) or time; without an offset it is meant here. Raises ValueError."""
        if len(text) == 10:
            return self.local(self.midnight(date.fromisoformat(text)))
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=self.tz)

    def _start_of_quarter(self, quarter: int) -> tuple[int, int]:
        instant = quarter * QUARTER
        local = datetime.fromtimestamp(instant, self.tz)
        hour = instant - local.minute * 60 - local.second
        return self._not_before_change(hour, local), self.midnight(local.date())

    def _not_before_change(self, start: int, local: datetime) -> int:
        """Where a change of half an hour falls into the hour, its second part begins with the change."""
        while datetime.fromtimestamp(start, self.tz).utcoffset() != local.utcoffset():
            start += QUARTER
        return start
