"""Facts into tables: pure functions over a connection. Which facts are new is asked of `facts`, so any of them may come any number of times."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from edged import messages as m
from edged.bus.deliveries import Stored
from edged.history.schema import GRAINS
from edged.timezone import TimeZone

DIRECTIONS: dict[m.Direction, int] = {"in": 1, "out": -1}
Row = tuple[object, ...]
Key = tuple[str, str, str, str, str]
Deltas = tuple[int, int, int, int]

_encode = msgspec.json.Encoder().encode
_COUNT = """
INSERT INTO counts_{grain} VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (start, series) DO UPDATE SET
ins = ins + excluded.ins, outs = outs + excluded.outs,
fixed_in = fixed_in + excluded.fixed_in, fixed_out = fixed_out + excluded.fixed_out
"""
_NEW = "INSERT INTO facts VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
_CURSOR = "INSERT INTO cursor VALUES (1, ?, ?) ON CONFLICT DO UPDATE SET seq = excluded.seq, stored = excluded.stored"


def milliseconds(moment: m.Time) -> int:
    return round(moment.timestamp() * 1000)


def record(db: sqlite3.Connection, zone: TimeZone, batch: Sequence[Stored]) -> int:
    """Takes the facts in, in the transaction of the caller, and moves the cursor. How many of them were new."""
    fresh = [each for each in batch if _is_new(db, each)]
    rows = _Rows(db)
    for each in fresh:
        rows.take(each.fact)
    rows.write(zone)
    if batch and batch[-1].seq:
        db.execute(_CURSOR, (batch[-1].seq, batch[-1].stored.timestamp()))
    return len(fresh)


def _is_new(db: sqlite3.Connection, stored: Stored) -> bool:
    fact = stored.fact
    if db.execute(_NEW, (fact.id, stored.seq, milliseconds(fact.time), tag_of(fact))).rowcount:
        return True
    if stored.seq:  # a stream that lost its end has it at another place now
        db.execute("UPDATE facts SET seq = ? WHERE id = ?", (stored.seq, fact.id))
    return False


def tag_of(fact: m.AnyFact) -> str:
    return str(type(fact).__struct_config__.tag)


class _Rows:
    """What a batch of facts adds to each table."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._series: dict[Key, int] = {tuple(key): n for n, *key in db.execute("SELECT * FROM series")}
        self._rows: dict[str, list[Row]] = defaultdict(list)
        self._counted: list[tuple[int, int, Deltas]] = []

    def take(self, fact: m.AnyFact) -> None:
        where = fact.site, fact.node, fact.camera
        time = milliseconds(fact.time)
        match fact:
            case m.LineCrossed():
                series = self._numbered((*where, fact.line, fact.label))
                direction = DIRECTIONS[fact.direction]
                self._add("crossings", fact.id, time, series, direction, fact.session, fact.track)
                self._counted.append((time, series, (direction > 0, direction < 0, 0, 0)))
            case m.CountCorrected(delta_in=ins, delta_out=outs):
                series = self._numbered((*where, fact.name, ""))
                self._add("corrections", fact.id, time, series, ins, outs, fact.by, fact.reason)
                self._counted.append((time, series, (0, 0, ins, outs)))
            case m.ZoneEntered() | m.ZoneLeft() | m.ZoneDwelled():
                dwell = fact.threshold if isinstance(fact, m.ZoneDwelled) else getattr(fact, "dwell", None)
                inside = getattr(fact, "inside", None)
                self._add("zone_events", fact.id, time, tag_of(fact), *where, fact.zone, fact.label, dwell, inside)
            case m.CapacityChanged():
                self._add("zone_events", fact.id, time, "capacity_changed", *where, fact.name, "", None, fact.occupancy)
            case m.TrackEnded():
                lasted = (fact.last_seen - fact.first_seen).total_seconds()
                self._add("tracks", fact.id, time, *where, fact.label, lasted)
            case m.AlertRaised():
                self._add("alerts", fact.id, time, *where, fact.rule, fact.severity, fact.label, _encode(fact))
            case m.AlertAcknowledged():
                self._add("acknowledgements", fact.id, fact.alert, time, fact.by, fact.note)
            case m.ClipReady():
                self._add("clips", fact.id, fact.alert, time, fact.key)
            case m.CameraStateChanged():
                self._add("states", fact.id, time, *where, fact.status, fact.cause)
            case m.TrackStarted() | m.Snapshot():
                pass  # TrackEnded says all that is kept of a track; pictures are in their own store

    def write(self, zone: TimeZone) -> None:
        for table, rows in self._rows.items():
            marks = ", ".join("?" * len(rows[0]))
            self._db.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", rows)
        add_counts(self._db, zone, self._counted)

    def _add(self, table: str, *row: object) -> None:
        self._rows[table].append(row)

    def _numbered(self, key: Key) -> int:
        if key not in self._series:
            added = self._db.execute("INSERT INTO series (site, node, camera, line, label) VALUES (?, ?, ?, ?, ?)", key)
            assert added.lastrowid
            self._series[key] = added.lastrowid
        return self._series[key]


def add_counts(db: sqlite3.Connection, zone: TimeZone, counted: Iterable[tuple[int, int, Deltas]]) -> None:
    """Adds (milliseconds, series, deltas) to the minutes, hours and days they fall into."""
    sums: dict[str, dict[tuple[int, int], list[int]]] = {grain: defaultdict(lambda: [0, 0, 0, 0]) for grain in GRAINS}
    for time, series, deltas in counted:
        instant = time / 1000
        for grain, start in (("minute", zone.minute), ("hour", zone.hour), ("day", zone.day)):
            cell = sums[grain][start(instant), series]
            for index, delta in enumerate(deltas):
                cell[index] += delta
    for grain, cells in sums.items():
        db.executemany(_COUNT.format(grain=grain), [(*key, *cell) for key, cell in cells.items()])
