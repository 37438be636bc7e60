"""Verdicts on protective equipment: into their own tables, and out of them. Pure functions over a connection.

They share no table with what counts, and are forgotten by themselves.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from edged.bus.deliveries import Stored
from edged.bus.link import Refused
from edged.history.periods import instant_of, start_of
from edged.history.places import distinct, meant
from edged.history.recording import milliseconds
from edged.messages import PpeChecked, Saw
from edged.questions import WHOLE, Grain, PpeLog, PpeLogAnswer, PpeTally, Where
from edged.timezone import QUARTER, TimeZone

DAY = 86_400
Sums = tuple[int, int, int]  # ok, missing, not visible
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(PpeChecked).decode
_SUMS = """
SELECT time / ? * ?, sum(verdict = 'ok'), sum(verdict = 'missing'), sum(verdict = 'not_visible') FROM ppe_items
WHERE site = ? AND node = ? AND camera = ? AND item = ? AND time >= ? AND time < ? GROUP BY 1
"""
_CURSOR = "INSERT INTO ppe_cursor VALUES (1, ?) ON CONFLICT DO UPDATE SET stored = excluded.stored"


class Place(NamedTuple):
    """What is judged where; `item` may be WHOLE."""

    site: str
    node: str
    camera: str
    item: str


def record(db: sqlite3.Connection, batch: Sequence[Stored]) -> int:
    """Takes the verdicts in, in the transaction of the caller, and moves their cursor. How many of them were new."""
    new = [stored.fact for stored in batch if isinstance(stored.fact, PpeChecked) and _is_new(db, stored.fact)]
    items = [
        (milliseconds(fact.time), fact.id, item, verdict, fact.site, fact.node, fact.camera)
        for fact in new
        for item, verdict in ({each.item: each.verdict for each in fact.verdicts} | {WHOLE: whole(fact)}).items()
    ]
    db.executemany("INSERT INTO ppe_items VALUES (?, ?, ?, ?, ?, ?, ?)", items)
    if batch:
        db.execute(_CURSOR, (batch[-1].stored.timestamp(),))
    return len(new)


def since(db: sqlite3.Connection) -> datetime | None:
    """When the last of what was taken in was stored in the stream; None: nothing was."""
    row = db.execute("SELECT stored FROM ppe_cursor").fetchone()
    return datetime.fromtimestamp(row[0], UTC) if row else None


def prune(db: sqlite3.Connection, zone: TimeZone, now: float, days: float) -> int:
    """Forgets what is older, whole days at a time. How many verdicts went."""
    cut = (zone.day(now - DAY * days) * 1000,)
    db.execute("DELETE FROM ppe_items WHERE id IN (SELECT id FROM ppe WHERE time < ?)", cut)
    return db.execute("DELETE FROM ppe WHERE time < ?", cut).rowcount


def whole(fact: PpeChecked) -> Saw:
    """Of all that was required: `missing` if one is, `ok` if every one is."""
    verdicts = {each.verdict for each in fact.verdicts}
    if "missing" in verdicts:
        return "missing"
    return "not_visible" if "not_visible" in verdicts else "ok"


def find(db: sqlite3.Connection, asked: PpeLog, zone: TimeZone) -> PpeLogAnswer:
    """The page that is asked for, newest first, and how many there are in all. Raises Refused."""
    condition, values = _condition(asked, zone)
    (total,) = db.execute(f"SELECT count(*) FROM ppe WHERE {condition}", values).fetchone()
    query = f"SELECT fact FROM ppe WHERE {condition} ORDER BY time DESC, id DESC LIMIT ? OFFSET ?"
    start = min((asked.page - 1) * asked.limit, 2**62)
    found = db.execute(query, (*values, asked.limit, start))
    return PpeLogAnswer(checks=[_decode(fact) for (fact,) in found], total=total)


def places(db: sqlite3.Connection, asked: Where, item: str = "") -> list[Place]:
    """What is meant, of what was judged at all."""
    found = [Place(*row) for row in distinct(db, "ppe_items", Place._fields)]
    return [place for place in found if meant(asked, *place[:3]) and item in ("", place.item)]


def tallies(db: sqlite3.Connection, asked: Where, since: int, until: int) -> list[PpeTally]:
    """One for each item of a camera that was judged from `since` to before `until`, in seconds."""
    found = []
    for place in places(db, asked):
        values = (2**62, 1, *place, since * 1000, until * 1000)
        for _, ok, missing, unseen in db.execute(_SUMS, values):
            checked = ok + missing + unseen
            found.append(PpeTally(**place._asdict(), checked=checked, ok=ok, missing=missing, not_visible=unseen))
    return found


def units(
    db: sqlite3.Connection, place: Place, since: int, until: int, by: Grain, zone: TimeZone
) -> list[tuple[int, Sums]]:
    """(start, sums) of each unit in which somebody was judged."""
    step = 60 if by == "minute" else QUARTER
    sums: dict[int, Sums] = defaultdict(lambda: (0, 0, 0))
    for instant, *found in db.execute(_SUMS, (step * 1000, step, *place, since * 1000, until * 1000)):
        start = start_of(instant, by, zone)
        a, b, c = map(int.__add__, sums[start], found)
        sums[start] = a, b, c
    return sorted(sums.items())


def _is_new(db: sqlite3.Connection, fact: PpeChecked) -> bool:
    row = fact.id, milliseconds(fact.time), fact.site, fact.node, fact.camera, _encode(fact)
    return bool(db.execute("INSERT INTO ppe VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", row).rowcount)


def _condition(asked: PpeLog, zone: TimeZone) -> tuple[str, list[object]]:
    terms, values = ["1"], list[object]()
    camera = asked.camera.split(".") if asked.camera else []
    if len(camera) > 3:
        terms.append("0")
    wanted = dict(zip(("site", "node", "camera")[max(0, 3 - len(camera)) :], camera, strict=False))
    for column, value in wanted.items():
        terms.append(f"{column} = ?")
        values.append(value)
    begin, end = (
        instant_of(name, text, zone) if text else None for name, text in (("from", asked.since), ("to", asked.until))
    )
    if begin is not None and end is not None and end <= begin:
        raise Refused("invalid", f"to={asked.until} is not after from={asked.since}")
    for sign, instant in ((">=", begin), ("<", end)):
        if instant is not None:
            terms.append(f"time {sign} ?")
            values.append(round(instant * 1000))
    if asked.item or asked.verdict:
        terms.append("id IN (SELECT id FROM ppe_items WHERE item = ? AND (? IS NULL OR verdict = ?))")
        values += [asked.item or WHOLE, asked.verdict, asked.verdict]
    return " AND ".join(terms), values
