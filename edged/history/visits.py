"""Zones out of the tables: visits, how long they lasted, how many were inside at once. Pure functions over a connection."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

from edged.history.places import distinct, meant
from edged.questions import Where, ZoneTally

# Who was inside when a camera was lost is no longer known to be; a stalled camera may go on.
_EVENTS = """
SELECT time, inside, dwell, type FROM zone_events
WHERE site = ?1 AND node = ?2 AND camera = ?3 AND zone = ?4 AND time >= ?5 AND time < ?6 AND inside IS NOT NULL
UNION ALL SELECT time, 0, NULL, 'lost' FROM states
WHERE site = ?1 AND node = ?2 AND camera = ?3 AND time >= ?5 AND time < ?6 AND status IN ('connecting', 'retrying', 'stopped')
ORDER BY time
"""
# of what says how many are inside, only who leaves has stayed for some time
_SUMS = """
SELECT sum(type = 'zone_entered'), count(dwell), avg(dwell), min(dwell), max(dwell), max(inside) FROM zone_events
WHERE site = ?1 AND node = ?2 AND camera = ?3 AND zone = ?4 AND time >= ?5 AND time < ?6 AND inside IS NOT NULL
"""
_MEDIAN = """
SELECT avg(dwell) FROM (
    SELECT dwell FROM zone_events WHERE site = ?1 AND node = ?2 AND camera = ?3 AND zone = ?4 AND time >= ?5 AND time < ?6
    AND inside IS NOT NULL AND dwell IS NOT NULL ORDER BY dwell LIMIT ?7 OFFSET ?8
)
"""
_LAST = """
SELECT time, inside FROM zone_events
WHERE site = ?1 AND node = ?2 AND camera = ?3 AND zone = ?4 AND time < ?5 AND inside IS NOT NULL ORDER BY time DESC, rowid DESC LIMIT 1
"""
_LOST_SINCE = """
SELECT 1 FROM states WHERE site = ?1 AND node = ?2 AND camera = ?3 AND time >= ?4 AND time < ?5
AND status IN ('connecting', 'retrying', 'stopped') LIMIT 1
"""


class Place(NamedTuple):
    site: str
    node: str
    camera: str
    zone: str


@dataclass(slots=True)
class Visits:
    """Of a zone in one unit of time: how many came, how long those stayed who left (seconds), how many were inside at once."""

    came: int = 0
    most: int = 0
    dwells: list[float] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.came or self.most or self.dwells)

    def stays(self) -> tuple[float | None, float | None, float | None]:
        """The shortest, the median and the longest, to the millisecond."""
        if not self.dwells:
            return None, None, None
        return _milliseconds(min(self.dwells)), _milliseconds(median(self.dwells)), _milliseconds(max(self.dwells))


def places(db: sqlite3.Connection, asked: Where, zone: str = "") -> list[Place]:
    """The zones that are meant; all of them have been visited."""
    found = [Place(*row) for row in distinct(db, "zone_events", Place._fields)]
    return [place for place in found if place.camera != "_" and meant(asked, *place[:3]) and zone in ("", place.zone)]


def tallies(db: sqlite3.Connection, asked: Where, since: int, until: int) -> list[ZoneTally]:
    """One for each zone in which there was somebody from `since` to before `until`, in seconds."""
    found = []
    for place in places(db, asked):
        period = (*place, since * 1000, until * 1000)
        came, left, mean, shortest, longest, most = db.execute(_SUMS, period).fetchone()
        most = max(most or 0, _inside(db, place, since * 1000))
        if not (came or left or most):
            continue
        (middle,) = db.execute(_MEDIAN, (*period, 2 - left % 2, max(0, left - 1) // 2)).fetchone()
        dwell, dwell_min, dwell_median, dwell_max = map(_milliseconds, (mean, shortest, middle, longest))
        found.append(
            ZoneTally(
                **place._asdict(), visits=came or 0, left=left, dwell=dwell, dwell_min=dwell_min, dwell_median=dwell_median,
                dwell_max=dwell_max, most=most,
            )
        )  # fmt: skip
    return found


def units(db: sqlite3.Connection, place: Place, starts: Sequence[int], until: int) -> Iterator[tuple[int, Visits]]:
    """(start, visits) of each unit in which there was somebody. The units begin at `starts`, in seconds, and the last ends at `until`."""
    inside = _inside(db, place, starts[0] * 1000)
    events: Iterable[tuple[int, int, float | None, str]]
    events = iter(db.execute(_EVENTS, (*place, starts[0] * 1000, until * 1000)))
    event = next(events, None)
    for start, end in zip(starts, (*starts[1:], until), strict=True):
        visits = Visits(most=inside)
        while event and event[0] < end * 1000:
            _, inside, dwell, kind = event
            visits.most = max(visits.most, inside)
            visits.came += kind == "zone_entered"
            if dwell is not None:
                visits.dwells.append(dwell)
            event = next(events, None)
        if visits:
            yield start, visits


def _inside(db: sqlite3.Connection, place: Place, time: int) -> int:
    """How many were in the zone just before an instant."""
    last = db.execute(_LAST, (*place, time)).fetchone()
    if last is None or db.execute(_LOST_SINCE, (*place[:3], last[0], time)).fetchone():
        return 0
    return int(last[1])


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
