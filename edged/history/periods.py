"""Ranges as people name them, as instants of the site's time zone."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

from edged.bus.link import Refused
from edged.questions import Grain, Period
from edged.timezone import TimeZone

TABLES: dict[Grain, str] = {
    "minute": "counts_minute",
    "hour": "counts_hour",
    "day": "counts_day",
    "month": "counts_day",
}
SECONDS: dict[Grain, int] = {"minute": 60, "hour": 3600, "day": 86_400, "month": 28 * 86_400}  # the shortest
USUAL: dict[str, Grain] = {"today": "hour", "7d": "day", "30d": "day", "this_month": "day", "year": "month"}
FIRST_YEAR, LAST_YEAR = 1971, 2200


class Span(NamedTuple):
    """From `since` to before `until`, in seconds since 1970; both lie on units of `by`."""

    since: int
    until: int
    by: Grain


def span(asked: Period, zone: TimeZone, now: float) -> Span:
    """What is asked for. Raises Refused, naming the parameter."""
    today = zone.local(now).date()
    if asked.range != "custom":
        if asked.since or asked.until:
            raise Refused("invalid", f"from and to belong to range=custom, not to range={asked.range}")
        begin = _first_day(asked.range, today)
        return Span(zone.midnight(begin), zone.midnight(today + timedelta(days=1)), asked.by or USUAL[asked.range])
    since, until = _moment("from", asked.since, zone), _moment("to", asked.until, zone)
    if until.timestamp() <= since.timestamp():  # two times of one zone compare without their offsets
        raise Refused("invalid", f"to={asked.until} is not after from={asked.since}")
    by = asked.by or _fitting(since, until, zone)
    return Span(_floor(since, by, zone), _ceiling(until, by, zone), by)


def start_of(instant: float, by: Grain, zone: TimeZone) -> int:
    """Where the unit that holds an instant begins."""
    return _floor(zone.local(instant), by, zone)


def starts(since: int, until: float, by: Grain, zone: TimeZone) -> Iterator[int]:
    """Where the units begin, from `since`, the beginning of one, to before `until`."""
    while since < until:
        yield since
        since = _next(since, by, zone)


def instant_of(name: str, text: str, zone: TimeZone) -> float:
    return _moment(name, text, zone).timestamp()


def _first_day(name: str, today: date) -> date:
    match name:
        case "7d" | "30d":
            return today - timedelta(days=int(name[:-1]) - 1)
        case "this_month":
            return today.replace(day=1)
        case "year":
            return today.replace(month=1, day=1)
        case _:
            return today


def _moment(name: str, text: str, zone: TimeZone) -> datetime:
    if not text:
        raise Refused("invalid", f"{name} is missing: range=custom needs from and to, such as 2026-05-01")
    try:
        moment = zone.parsed(text)
    except (ValueError, OverflowError):
        raise Refused(
            "invalid",
            f"{name}={text[:40]} is no date and no time: write 2026-05-01 or 2026-05-01T12:00, in a URL the + of an offset as %2B",
        ) from None
    if not FIRST_YEAR <= moment.year < LAST_YEAR:
        raise Refused("invalid", f"{name}={text[:40]} is not a year of ours: from {FIRST_YEAR} to {LAST_YEAR}")
    return moment.astimezone(zone.tz)


def _fitting(since: datetime, until: datetime, zone: TimeZone) -> Grain:
    """The coarsest unit that both ends lie on."""
    for by in ("day", "hour"):
        if all(_floor(moment, by, zone) == moment.timestamp() for moment in (since, until)):
            return by
    return "minute"


def _floor(moment: datetime, by: Grain, zone: TimeZone) -> int:
    instant = moment.timestamp()
    match by:
        case "minute":
            return zone.minute(instant)
        case "hour":
            return zone.hour(instant)
        case "day":
            return zone.day(instant)
        case "month":
            return zone.midnight(zone.local(instant).date().replace(day=1))


def _ceiling(moment: datetime, by: Grain, zone: TimeZone) -> int:
    begin = _floor(moment, by, zone)
    if begin == moment.timestamp():
        return begin
    return _next(begin, by, zone)


def _next(begin: int, by: Grain, zone: TimeZone) -> int:
    """Where the unit after the one that begins there begins."""
    match by:
        case "minute":
            return begin + 60
        case "hour":
            return _next_hour(begin, zone)
        case "day":
            return zone.midnight(zone.local(begin).date() + timedelta(days=1))
        case "month":
            return zone.midnight((zone.local(begin).date() + timedelta(days=32)).replace(day=1))


def _next_hour(begin: int, zone: TimeZone) -> int:
    later = begin + 900
    while zone.hour(later) == begin:
        later += 900
    return later
