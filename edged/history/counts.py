"""Counts out of the tables: totals, series, and how many were inside. Pure functions over a connection."""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import add

from edged import config
from edged.bus.link import Refused
from edged.history import ppe, visits
from edged.history.periods import SECONDS, TABLES, Span, instant_of, span, start_of
from edged.history.places import meant
from edged.questions import (
    Inside,
    LineTally,
    NamedTally,
    Occupancy,
    OccupancyAnswer,
    Stats,
    StatsAnswer,
    Tally,
    Unit,
    Where,
)  # fmt: skip
from edged.timezone import TimeZone

UNITS = 50_000  # of a series in one answer
Aliases = Mapping[str, tuple[str, ...]]
Sums = tuple[int, int, int, int]
Key = tuple[str, str, str, str, str]  # site, node, camera, line, label
_SUMS = "sum(ins + fixed_in), sum(outs + fixed_out), sum(fixed_in), sum(fixed_out)"
_NONE: Sums = (0, 0, 0, 0)


def series_of(db: sqlite3.Connection, where: Where, aliases: Aliases) -> dict[int, Key]:
    """The series that are meant, by number."""
    labels = aliases.get(where.label, (where.label,))
    found = {}
    for n, *key in db.execute("SELECT n, site, node, camera, line, label FROM series"):
        site, node, camera, line, label = key
        if meant(where, site, node, camera) and where.line in ("", line) and (not where.label or label in labels):
            found[n] = (site, node, camera, line, label)
    return found


def stats(db: sqlite3.Connection, asked: Stats, zone: TimeZone, now: float, aliases: Aliases) -> StatsAnswer:
    looked = span(asked, zone, now)
    if (looked.until - looked.since) / SECONDS[looked.by] > UNITS:
        raise Refused(
            "invalid", f"that is more than {UNITS} units of by={looked.by}: ask for a shorter range, or a longer unit"
        )
    chosen = series_of(db, asked, aliases)
    those, numbers = among(db, chosen)
    table, period = TABLES[looked.by], (looked.since, looked.until)
    by_series = db.execute(
        f"SELECT series, {_SUMS} FROM {table} WHERE start >= ? AND start < ?{those} GROUP BY series",
        (*period, *numbers),
    ).fetchall()
    lines = sorted((chosen[n], (a, b, c, d)) for n, a, b, c, d in by_series)
    return StatsAnswer(
        since=zone.local(looked.since),
        until=zone.local(looked.until),
        time_zone=str(zone.tz),
        by=looked.by,
        total=_tally(_total(sums for _, sums in lines)),
        lines=[_line(key, sums) for key, sums in lines],
        labels=_grouped(lines, lambda key: key[4]),
        cameras=_grouped(lines, lambda key: ".".join(key[:3])),
        sites=_grouped(lines, lambda key: key[0]),
        zones=visits.tallies(db, asked, looked.since, looked.until),
        ppe=ppe.tallies(db, asked, looked.since, looked.until),
        series=_units(db, looked, zone, those, numbers),
    )


def occupancy(
    db: sqlite3.Connection,
    asked: Occupancy,
    zone: TimeZone,
    now: float,
    aliases: Aliases,
    counters: Sequence[config.Counter],
) -> OccupancyAnswer:
    """In less out of everything before an instant; a fact of that very instant is not before it."""
    instant = instant_of("at", asked.at, zone) if asked.at else now
    (pruned,) = db.execute("SELECT max(value + 0) FROM setting WHERE name = 'pruned'").fetchone()
    exact = pruned is None or instant >= pruned
    inside = _inside(db, instant if exact else zone.hour(instant), zone)
    chosen = series_of(db, asked, aliases)
    of_line: dict[str, int] = defaultdict(int)
    for n, (site, node, camera, line, _) in chosen.items():
        if camera != "_":
            of_line[f"{site}.{node}.{camera}.{line}"] += inside.get(n, 0)
    everything = series_of(db, Where(), aliases)
    return OccupancyAnswer(
        at=zone.local(instant),
        exact=exact,
        occupancy=sum(inside.get(n, 0) for n in chosen),
        lines=[Inside(name=name, occupancy=count) for name, count in sorted(of_line.items())],
        counters=[
            Inside(
                name=counter.id,
                occupancy=sum(inside.get(n, 0) for n, key in everything.items() if _counts(counter, key)),
            )
            for counter in counters
        ],
    )


def _counts(counter: config.Counter, key: Key) -> bool:
    """Whether a series is one of the counter's lines, or its own corrections."""
    _, node, camera, line, _ = key
    if camera == "_":
        return line == counter.id
    return f"{camera}.{line}" in counter.lines or f"{node}.{camera}.{line}" in counter.lines


def _inside(db: sqlite3.Connection, instant: float, zone: TimeZone) -> dict[int, int]:
    day, hour, minute = zone.day(instant), zone.hour(instant), zone.minute(instant)
    net = "SELECT series, sum(ins + fixed_in - outs - fixed_out) FROM counts_{} WHERE start >= ? AND start < ? GROUP BY series"
    found: dict[int, int] = defaultdict(int)
    for grain, since, until in (("day", -(2**62), day), ("hour", day, hour), ("minute", hour, minute)):
        for n, count in db.execute(net.format(grain), (since, until)):
            found[n] += count
    edge = (minute * 1000, round(instant * 1000))
    for table, value in (("crossings", "direction"), ("corrections", "delta_in - delta_out")):
        for n, count in db.execute(
            f"SELECT series, sum({value}) FROM {table} WHERE time >= ? AND time < ? GROUP BY series", edge
        ):
            found[n] += count
    return found


def _units(db: sqlite3.Connection, looked: Span, zone: TimeZone, those: str, numbers: list[int]) -> list[Unit]:
    query = f"SELECT start, {_SUMS} FROM {TABLES[looked.by]} WHERE start >= ? AND start < ?{those} GROUP BY start"
    found = db.execute(query, (looked.since, looked.until, *numbers))
    sums: dict[int, Sums] = {}
    for start, a, b, c, d in found:
        begin = start_of(start, "month", zone) if looked.by == "month" else start
        sums[begin] = _total((sums.get(begin, _NONE), (a, b, c, d)))
    return [Unit(start=zone.local(start), **_fields(each)) for start, each in sums.items()]


def among(db: sqlite3.Connection, chosen: Mapping[int, object]) -> tuple[str, list[int]]:
    """The condition that a row is of these series, and its values."""
    (all_of_them,) = db.execute("SELECT count(*) FROM series").fetchone()
    if len(chosen) == all_of_them:
        return "", []
    return f" AND series IN ({', '.join('?' * len(chosen))})", list(chosen)


def _total(sums: Iterable[Sums]) -> Sums:
    total = _NONE
    for each in sums:
        a, b, c, d = map(add, total, each)
        total = (a, b, c, d)
    return total


def _fields(sums: Sums) -> dict[str, int]:
    return dict(zip(("ins", "outs", "corrected_in", "corrected_out"), sums, strict=True))


def _tally(sums: Sums) -> Tally:
    return Tally(**_fields(sums))


def _line(key: Key, sums: Sums) -> LineTally:
    site, node, camera, line, label = key
    return LineTally(site=site, node=node, camera=camera, line=line, label=label, **_fields(sums))


def _grouped(lines: list[tuple[Key, Sums]], name: Callable[[Key], str]) -> list[NamedTally]:
    groups: dict[str, Sums] = {}
    for key, sums in lines:
        groups[name(key)] = _total((groups.get(name(key), _NONE), sums))
    return [NamedTally(name=each, **_fields(sums)) for each, sums in sorted(groups.items())]
