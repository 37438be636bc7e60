"""Pages of people out of people.db. A list that is paged through stays as it was at its first page: no row comes twice, none is left out.

A page begins after the place that its cursor names, so deep pages cost what the first one does.
"""

import base64
import hashlib
import sqlite3
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from edged.enquiries import Changes, ChangesAnswer, Known, People, PeopleAnswer
from edged.messages import IdentityChanged
from edged.people.catalogue import decoded
from edged.people.schema import NOW

SHOWN = ("known", "unregistered", "pending")
FEW = 3_000  # sightings that are looked up first, rather than each identity's
COUNTED = 1_000

_KEYS = {"last_seen": "last_seen", "first_seen": "first_seen", "name": "fold"}
_change = msgspec.json.Decoder(IdentityChanged).decode


class CursorError(ValueError):
    """It is none of ours, or belongs to another list."""


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """Where a page begins, in the list as it was at `stamp`, of `total` rows; `of` tells lists apart."""

    stamp: int
    key: int | str
    id: str
    backward: bool
    total: int
    of: str


class _Filter(NamedTuple):
    """`few`: it names those it holds for, so that they are looked up rather than sought in the order."""

    condition: str
    values: tuple[Any, ...]
    few: bool = False

    @property
    def open(self) -> bool:
        return not self.condition


def people(db: sqlite3.Connection, asked: People) -> PeopleAnswer:
    """Raises CursorError."""
    cursor = _read(asked.cursor, asked) if asked.cursor else None
    stamp = _kept(db, cursor.stamp) if cursor else _newest(db)
    filters = _filter(db, asked, stamp)
    rows = _rows(db, asked, filters, stamp, cursor, asked.limit + 1)
    more = len(rows) > asked.limit
    rows = rows[: asked.limit]
    backward = bool(cursor and cursor.backward)
    if backward:
        rows.reverse()
    before, after = (more, True) if backward else (cursor is not None, more)

    counts = {status: n for status, n in db.execute("SELECT status, n FROM counts") if n}
    total = cursor.total if cursor else len(rows)
    if more and not cursor:
        total = _estimate(db, asked, filters, stamp, counts)

    def place(row: tuple[str, int | str], back: bool) -> str:
        return _written(Cursor(stamp, row[1], row[0], back, total, _of(asked)))

    return PeopleAnswer(
        people=[known for id, _ in rows if (known := person(db, id, stamp))],
        next=place(rows[-1], False) if rows and after else None,
        previous=place(rows[0], True) if rows and before else None,
        counts=counts,
        total_estimate=total,
    )


def person(db: sqlite3.Connection, id: str, stamp: int | None = None) -> Known | None:
    """With `stamp`, when and where they were seen by then."""
    row = db.execute("SELECT record FROM identities WHERE id = ?", (id,)).fetchone()
    identity = decoded(row[0]) if row else None
    if identity is None:
        return None
    query = "SELECT first_seen, last_seen, camera FROM versions WHERE id = ? AND since <= ? AND until > ?"
    at = NOW - 1 if stamp is None else stamp
    first, last, camera = db.execute(query, (id, at, at)).fetchone() or (0, 0, "")
    fields = {name: getattr(identity, name) for name in identity.__struct_fields__}
    return Known(**fields, first_seen=_time(first), last_seen=_time(last), last_camera=camera)


def changes(db: sqlite3.Connection, asked: Changes) -> ChangesAnswer:
    """Raises CursorError."""
    condition = "identity = ?" if asked.identity else "1"
    values: list[Any] = [asked.identity] if asked.identity else []
    if asked.after:
        time, _, id = asked.after.partition("-")
        if not time.isdecimal() or len(time) > 18:
            raise CursorError("`after` is none of ours: take `next` of the page before")
        condition += " AND (time, id) < (?, ?)"
        values += [int(time), id]
    query = f"SELECT time, id, fact FROM audit WHERE {condition} ORDER BY time DESC, id DESC LIMIT ?"
    rows = db.execute(query, (*values, asked.limit + 1)).fetchall()
    more = len(rows) > asked.limit
    rows = rows[: asked.limit]
    return ChangesAnswer(
        changes=[_change(fact) for _, _, fact in rows], next=f"{rows[-1][0]}-{rows[-1][1]}" if rows and more else None
    )


def _rows(
    db: sqlite3.Connection, asked: People, filters: _Filter, stamp: int, cursor: Cursor | None, limit: int
) -> list[tuple[str, int | str]]:
    """(id, key) in the order that is asked for, or against it when the cursor leads back."""
    key = _KEYS[asked.sort]
    status, column = ("+status", f"+{key}") if filters.few else ("status", key)  # a + keeps SQLite from the index
    backward = bool(cursor and cursor.backward)
    down = (asked.order == "desc") != backward
    direction, beyond = ("DESC", "<") if down else ("ASC", ">")
    parts, values = [], []
    for one in dict.fromkeys(asked.statuses or SHOWN):
        where = f"{status} = ? AND since <= ? AND until > ?"
        values += [one, stamp, stamp]
        if cursor:
            where += f" AND ({column}, id) {beyond} (?, ?)"
            values += [cursor.key, cursor.id]
        if not filters.open:
            where += f" AND {filters.condition}"
            values += filters.values
        order = f"ORDER BY {column} {direction}, id {direction} LIMIT ?"
        parts.append(f"SELECT * FROM (SELECT id, {key} AS key FROM versions WHERE {where} {order})")
        values.append(limit)
    query = f"{' UNION ALL '.join(parts)} ORDER BY key {direction}, id {direction} LIMIT ?"
    return db.execute(query, (*values, limit)).fetchall()


def _filter(db: sqlite3.Connection, asked: People, stamp: int) -> _Filter:
    conditions: list[str] = []
    values: list[Any] = []
    few = False
    if asked.q:
        condition, bound, few = _named(db, asked, stamp)
        conditions.append(condition)
        values += bound
    if asked.since or asked.until or asked.cameras:
        condition, bound, listed = _seen(db, asked, stamp)
        conditions.append(condition)
        values += bound
        few = few or listed
    return _Filter(" AND ".join(conditions), tuple(values), few)


def _named(db: sqlite3.Connection, asked: People, stamp: int) -> tuple[str, list[Any], bool]:
    """Called so: by a list of who is, when that is short, else by looking at each name; whether it is the list."""
    statuses = tuple(dict.fromkeys(asked.statuses or SHOWN))
    where = f"status IN ({','.join('?' * len(statuses))}) AND instr(fold, ?) > 0 AND since <= ? AND until > ?"
    query = f"SELECT id FROM versions INDEXED BY versions_by_name WHERE {where} LIMIT ?"
    name = asked.q.casefold()
    found = db.execute(query, (*statuses, name, stamp, stamp, FEW + 1)).fetchall()
    if len(found) <= FEW:
        return f"id IN ({','.join('?' * len(found))})", [id for (id,) in found], True
    return "instr(fold, ?) > 0", [name], False


def _seen(db: sqlite3.Connection, asked: People, stamp: int) -> tuple[str, list[Any], bool]:
    """Seen in that time by those cameras: by a list of who was, when that is short, else by looking at each identity; whether it is the list."""
    where: list[str] = ["stamp <= ?"]
    values: list[Any] = [stamp]
    for moment, sign in ((asked.since, ">="), (asked.until, "<")):
        if moment:
            where.append(f"time {sign} ?")
            values.append(round(_aware(moment).timestamp() * 1000))
    if asked.cameras:
        cameras = _cameras(db, asked.cameras)
        where.append(f"camera IN ({','.join('?' * len(cameras))})")
        values += cameras
    condition = " AND ".join(where)
    found = db.execute(f"SELECT identity FROM sightings WHERE {condition} LIMIT ?", (*values, FEW + 1)).fetchall()
    if len(found) <= FEW:
        ids = sorted({id for (id,) in found})
        return f"id IN ({','.join('?' * len(ids))})", list(ids), True
    theirs = "sightings INDEXED BY sightings_of WHERE identity = versions.id"
    return f"EXISTS (SELECT 1 FROM {theirs} AND {condition})", values, False


def _cameras(db: sqlite3.Connection, named: tuple[str, ...]) -> list[str]:
    """`site.node.camera` of those meant by `camera`, `node.camera` or all three parts."""
    query = (
        "WITH RECURSIVE each(camera) AS (SELECT min(camera) FROM sightings UNION ALL"
        " SELECT (SELECT min(camera) FROM sightings WHERE camera > each.camera) FROM each WHERE each.camera IS NOT NULL)"
        " SELECT camera FROM each WHERE camera IS NOT NULL"
    )
    return [camera for (camera,) in db.execute(query) if any(f".{camera}".endswith(f".{name}") for name in named)]


def _estimate(db: sqlite3.Connection, asked: People, filters: _Filter, stamp: int, counts: dict[str, int]) -> int:
    statuses = tuple(dict.fromkeys(asked.statuses or SHOWN))
    if filters.open:
        return sum(counts.get(status, 0) for status in statuses)
    where = f"status IN ({','.join('?' * len(statuses))}) AND since <= ? AND until > ? AND {filters.condition}"
    query = f"SELECT count(*) FROM (SELECT 1 FROM versions WHERE {where} LIMIT ?)"
    (n,) = db.execute(query, (*statuses, stamp, stamp, *filters.values, COUNTED)).fetchone()
    return int(n)


def _newest(db: sqlite3.Connection) -> int:
    row = db.execute("SELECT value FROM notes WHERE name = 'stamp'").fetchone()
    return int(row[0]) if row else 0


def _kept(db: sqlite3.Connection, stamp: int) -> int:
    """The list as it was at `stamp`, or as it is now where that is forgotten."""
    row = db.execute("SELECT value FROM notes WHERE name = 'pruned'").fetchone()
    return stamp if stamp >= (int(row[0]) if row else 0) else _newest(db)


def _of(asked: People) -> str:
    """What a cursor belongs to."""
    same = msgspec.structs.replace(asked, cursor="", limit=1)
    return hashlib.sha256(msgspec.json.encode(same)).hexdigest()[:12]


def _written(cursor: Cursor) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def _read(text: str, asked: People) -> Cursor:
    try:
        cursor = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=Cursor)
    except (ValueError, msgspec.MsgspecError):
        raise CursorError("`cursor` is none of ours: take `next` or `previous` of a page") from None
    if isinstance(cursor.key, str) != (asked.sort == "name") or not _sane(cursor) or cursor.of != _of(asked):
        raise CursorError("`cursor` belongs to a list with other filters, or another order: begin without it")
    return cursor


def _sane(cursor: Cursor) -> bool:
    """Whether SQLite takes its numbers."""
    return (
        0 <= cursor.stamp < NOW and 0 <= cursor.total < NOW and (isinstance(cursor.key, str) or abs(cursor.key) < NOW)
    )


def _time(at: int) -> datetime | None:
    return datetime.fromtimestamp(at / 1000, UTC) if at else None


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
