"""Reports out of the tables, page by page. Pure functions over a connection."""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import islice

from edged.bus.link import Refused
from edged.history import ppe, visits
from edged.history.counts import Aliases, among, series_of
from edged.history.periods import TABLES, Span, span, start_of, starts
from edged.questions import Rows, RowsAnswer
from edged.timezone import TimeZone

Row = tuple[int | float | None, ...]  # start, key, numbers
After = tuple[int, int] | None
Page = tuple[list[Row], Mapping[int, tuple[str, ...]], After]
_BEGINNING = (-1, -1)
MANY = 500  # series whose names leave less room for rows in a message


def rows(db: sqlite3.Connection, asked: Rows, zone: TimeZone, now: float, aliases: Aliases) -> RowsAnswer:
    """A page of a report, by start and key. Raises Refused."""
    looked = span(asked, zone, now)
    match asked.report:
        case "counts":
            found, keys, after = _counts(db, asked, looked, zone, aliases)
        case "zones":
            found, keys, after = _zones(db, asked, looked, zone, now)
        case "ppe":
            found, keys, after = _ppe(db, asked, looked, zone, now)
    written = _written(zone, looked)
    return RowsAnswer(
        since=zone.local(looked.since),
        until=zone.local(looked.until),
        time_zone=str(zone.tz),
        by=looked.by,
        starts={start: written(start) for start in {int(row[0] or 0) for row in found}},
        keys={key: keys[key] for key in {int(row[1] or 0) for row in found}},
        rows=found,
        after=after,
    )


def _counts(db: sqlite3.Connection, asked: Rows, looked: Span, zone: TimeZone, aliases: Aliases) -> Page:
    """A row is a start, a series, and how many went in and out."""
    series = series_of(db, asked, aliases)
    those, numbers = among(db, series)
    if looked.by == "month":
        return _months(db, looked, zone, those, numbers), series, None
    table = TABLES[looked.by]
    if asked.most and asked.after == _BEGINNING:
        query = f"SELECT count(*) FROM (SELECT 1 FROM {table} WHERE start >= ? AND start < ?{those} LIMIT ?)"
        (count,) = db.execute(query, (looked.since, looked.until, *numbers, asked.most + 1)).fetchone()
        if count > asked.most:
            raise Refused(
                "invalid", f"these are more than {asked.most:,} rows: ask for by=hour or by=day, or for format=csv"
            )
    limit = asked.limit if len(series) < MANY else asked.limit // 4
    found: list[Row] = db.execute(
        f"SELECT start, series, ins + fixed_in, outs + fixed_out FROM {table} "
        f"WHERE (start, series) > (?, ?) AND start < ?{those} ORDER BY start, series LIMIT ?",
        (*max(asked.after, (looked.since, -1)), looked.until, *numbers, limit),
    ).fetchall()
    return found, series, _key(found[-1]) if len(found) == limit else None


def _zones(db: sqlite3.Connection, asked: Rows, looked: Span, zone: TimeZone, now: float) -> Page:
    """A row is a start, a zone, visits begun and ended, the shortest, median and longest stay, and how many were inside at once."""
    places = dict(enumerate(visits.places(db, asked, asked.zone)))
    begins, until, after = _window(db, "zone_events", asked, looked, zone, now, len(places))
    found: list[Row] = []
    for key, place in places.items() if begins else ():
        for start, seen in visits.units(db, place, begins, until):
            found.append((start, key, seen.came, len(seen.dwells), *seen.stays(), seen.most))
    return sorted(found, key=_key), places, after


def _ppe(db: sqlite3.Connection, asked: Rows, looked: Span, zone: TimeZone, now: float) -> Page:
    """A row is a start, an item of a camera, how many were checked, and of how many the verdict was ok, missing and not visible."""
    places = dict(enumerate(ppe.places(db, asked, asked.item)))
    begins, until, after = _window(db, "ppe", asked, looked, zone, now, len(places))
    found: list[Row] = []
    for key, place in places.items() if begins else ():
        for start, sums in ppe.units(db, place, begins[0], until, looked.by, zone):
            found.append((start, key, sum(sums), *sums))
    return sorted(found, key=_key), places, after


def _window(
    db: sqlite3.Connection, table: str, asked: Rows, looked: Span, zone: TimeZone, now: float, keys: int
) -> tuple[list[int], int, After]:
    """The units of a page, where the last one ends, and where the next page begins. Time of which nothing can be known is left out."""
    query = f"SELECT (SELECT min(time) FROM {table}) / 1000, (SELECT max(time) FROM {table}) / 1000"
    first, last = db.execute(query).fetchone()
    if first is None:
        return [], looked.until, None
    begin = max(asked.after[0], looked.since, start_of(first, looked.by, zone))
    coming = starts(begin, min(looked.until, max(now, last + 1)), looked.by, zone)
    begins = list(islice(coming, max(1, asked.limit // max(1, keys))))
    following = next(coming, None)
    return begins, looked.until if following is None else following, None if following is None else (following, 0)


def _key(row: Row) -> tuple[int, int]:
    return int(row[0] or 0), int(row[1] or 0)


def _months(db: sqlite3.Connection, looked: Span, zone: TimeZone, those: str, numbers: list[int]) -> list[Row]:
    sums: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
    query = (
        f"SELECT start, series, ins + fixed_in, outs + fixed_out FROM counts_day WHERE start >= ? AND start < ?{those}"
    )
    for start, n, ins, outs in db.execute(query, (looked.since, looked.until, *numbers)):
        cell = sums[start_of(start, "month", zone), n]
        cell[0] += ins
        cell[1] += outs
    return [(start, n, ins, outs) for (start, n), (ins, outs) in sorted(sums.items())]


def _written(zone: TimeZone, looked: Span) -> Callable[[int], str]:
    """How a report writes the beginning of a unit."""
    if looked.by in ("day", "month"):
        return lru_cache(1000)(lambda start: zone.local(start).date().isoformat())
    return lru_cache(1000)(lambda start: zone.local(start).isoformat(timespec="minutes"))
