"""Opening hours and the like: weekly, by the clock on the wall of a time zone."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from edged.rules import WEEK, Clock, Hours

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_AHEAD = 9  # days within which a week's hours have said all they have to say


def covers(hours: Iterable[Hours], instant: datetime, zone: tzinfo) -> bool:
    """Whether `instant` falls into `hours`. What the wall shows decides, so an hour that comes twice counts twice."""
    local = instant.astimezone(zone)
    now = f"{local:%H:%M}"
    today, yesterday = WEEK[local.weekday()], WEEK[local.weekday() - 1]
    return any(
        (today in one.days and one.begin <= now and (now < one.end or overnight(one)))
        or (yesterday in one.days and overnight(one) and now < one.end)
        for one in hours
    )  # fmt: skip


def next_outside(hours: Sequence[Hours], instant: datetime, zone: tzinfo) -> datetime | None:
    """The first moment from `instant` on that does not fall into `hours`; None: there is none."""
    if not covers(hours, instant, zone):
        return instant
    ends = (end for end in _ends(hours, instant.astimezone(zone).date(), zone) if end > instant)
    return next((end for end in sorted(ends) if not covers(hours, end, zone)), None)


def overnight(one: Hours) -> bool:
    return one.end <= one.begin


def _ends(hours: Iterable[Hours], today: date, zone: tzinfo) -> Iterator[datetime]:
    for ahead in range(-1, _AHEAD):
        day = today + ahead * _DAY
        for one in hours:
            if WEEK[day.weekday()] in one.days:
                yield from _shown(day + _DAY if overnight(one) else day, one.end, zone)


def _shown(day: date, clock: Clock, zone: tzinfo) -> Iterator[datetime]:
    """When the wall shows that: twice where clocks go back. Where they leap over it, each minute in which they may."""
    if clock == "24:00":
        day, clock = day + _DAY, "00:00"
    local = datetime.combine(day, time.fromisoformat(clock), zone)
    first, second = (local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    yield first
    yield second
    while second < first:
        second += _MINUTE
        yield second
