"""Facts on disk: from before they are published until the stream has surely kept them."""

import asyncio
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from edged.bus.database import Database, open_database

# `seq` is the fact's place in its stream, null until acknowledged. `floor` is a place the fact must come after:
# where the stream ended when the fact was written. Places, not times, because a box without a clock starts in 1970.
# `acknowledged` is on the monotonic clock.
SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    stream TEXT NOT NULL,
    subject TEXT NOT NULL,
    headers TEXT NOT NULL,
    payload BLOB NOT NULL,
    floor INTEGER NOT NULL,
    seq INTEGER,
    acknowledged REAL
);
CREATE INDEX IF NOT EXISTS waiting ON facts (n) WHERE seq IS NULL;
CREATE TABLE IF NOT EXISTS streams (name TEXT PRIMARY KEY, last INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS dealt (n INTEGER PRIMARY KEY, consumer TEXT NOT NULL, id TEXT NOT NULL);
"""
DEALT = 50_000  # ids that all consumers together remember
RAISE_MARK = "INSERT INTO streams VALUES (?, ?) ON CONFLICT DO UPDATE SET last = max(last, excluded.last)"
APPEND = """
INSERT INTO facts (id, stream, subject, headers, payload, floor)
VALUES (?1, ?2, ?3, ?4, ?5, coalesce((SELECT last FROM streams WHERE name = ?2), 0)) ON CONFLICT DO NOTHING
"""


class Entry(NamedTuple):
    """A fact on its way to `stream`; `id` makes it one and the same however often it is sent."""

    id: str
    stream: str
    subject: str
    headers: Mapping[str, str]
    payload: bytes


class Waiting(NamedTuple):
    """The `n`-th entry, which its stream has not acknowledged."""

    n: int
    entry: Entry


class Held(NamedTuple):
    """A fact still kept; in its stream it can only be at a place from `first` on."""

    id: str
    first: int


class Outbox:
    """`pending` counts what no stream has acknowledged yet."""

    def __init__(self, database: Database, pending: int) -> None:
        self.pending = pending
        self._database = database
        self._arrived = asyncio.Event()
        self._settled = asyncio.Event()

    async def append(self, entry: Entry) -> None:
        """Returns when the fact is on disk; an id that is there already stays as it is. Raises BusError when the disk fails."""
        row = (entry.id, entry.stream, entry.subject, json.dumps(dict(entry.headers)), entry.payload)
        await self._database.do(lambda db: db.execute(APPEND, row).rowcount, then=self._appended)

    async def waiting(self, after: int, limit: int) -> list[Waiting]:
        """The oldest entries not acknowledged, from beyond `after`; waits until there is one."""
        while True:
            self._arrived.clear()
            if found := await self._database.do(lambda db: _waiting(db, after, limit), durable=False):
                return found
            await self._arrived.wait()

    async def acknowledged(self, id: str, stream: str, seq: int) -> None:
        """The stream says that it has the fact at `seq`. Forgetting this in a power cut does no harm."""
        now = time.monotonic()

        def mark(db: sqlite3.Connection) -> int:
            db.execute(RAISE_MARK, (stream, seq))
            change = "UPDATE facts SET seq = ?, acknowledged = ? WHERE id = ? AND seq IS NULL"
            return db.execute(change, (seq, now, id)).rowcount

        await self._database.do(mark, durable=False, then=self._done)

    async def discard(self, id: str) -> None:
        """Gives up a fact that no server will ever take."""
        await self._database.do(
            lambda db: db.execute("DELETE FROM facts WHERE id = ? AND seq IS NULL", (id,)).rowcount, then=self._done
        )

    async def unsend(self, unwanted: Callable[[Entry], bool]) -> int:
        """Drops facts, sent or not, and leaves nothing of them in the file. How many there were."""

        def drop(db: sqlite3.Connection) -> tuple[int, int]:
            query = "SELECT n, id, stream, subject, headers, payload, seq FROM facts"
            found = [
                (n, seq is None)
                for n, id, stream, subject, headers, payload, seq in db.execute(query)
                if unwanted(Entry(id, stream, subject, json.loads(headers), payload))
            ]
            db.executemany("DELETE FROM facts WHERE n = ?", [(n,) for n, _ in found])
            return len(found), sum(pending for _, pending in found)

        dropped, _ = await self._database.do(drop, then=lambda outcome: self._done(outcome[1]))
        await self._database.scrub(whole=True)
        return dropped

    async def held(self, stream: str) -> list[Held]:
        """Every fact that is still kept, acknowledged or not, and may be in the stream: none before the first reconciling, as none was sent."""
        query = (
            "SELECT id, coalesce(seq, floor + 1) FROM facts JOIN streams ON name = stream WHERE stream = ? ORDER BY n"
        )
        rows = await self._database.do(lambda db: db.execute(query, (stream,)).fetchall(), durable=False)
        return [Held(id, first) for id, first in rows]

    async def reconcile(self, stream: str, found: Mapping[str, int], end: int) -> int:
        """Takes over what the stream really holds: `found` is id -> place, `end` where it ends. Returns how many facts it had lost.

        What it lacks is waiting again, in its old order.
        """
        now = time.monotonic()

        def compare(db: sqlite3.Connection) -> tuple[int, int]:
            rows = db.execute("SELECT id, seq FROM facts WHERE stream = ?", (stream,)).fetchall()
            lost = [(id,) for id, seq in rows if seq is not None and id not in found]
            placed = [(found[id], now, id) for id, _ in rows if id in found]
            db.executemany("UPDATE facts SET seq = NULL, acknowledged = NULL WHERE id = ?", lost)
            db.executemany("UPDATE facts SET seq = ?, acknowledged = coalesce(acknowledged, ?) WHERE id = ?", placed)
            first_time = db.execute("SELECT 1 FROM streams WHERE name = ?", (stream,)).fetchone() is None
            floor = "max(floor, ?)" if first_time else "min(floor, ?)"
            db.execute(f"UPDATE facts SET floor = {floor} WHERE stream = ? AND seq IS NULL", (end, stream))
            db.execute("INSERT OR REPLACE INTO streams VALUES (?, ?)", (stream, end))
            return len(lost), _pending(db)

        lost, _ = await self._database.do(compare, then=self._recounted)
        return lost

    async def forget(self, seconds: float) -> None:
        """Drops what was acknowledged longer ago than that, and the oldest of what was dealt with."""
        limit = time.monotonic() - seconds

        def drop(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM facts WHERE acknowledged < ?", (limit,))
            db.execute("DELETE FROM dealt WHERE n <= (SELECT max(n) FROM dealt) - ?", (DEALT,))

        await self._database.do(drop, durable=False)

    async def deal(self, consumer: str, id: str) -> None:
        """The consumer is done with a fact. A crash does not undo it; a power cut may undo the last few, as facts themselves are worth an fsync."""
        row = (consumer, id)
        insert = "INSERT INTO dealt (consumer, id) VALUES (?, ?)"
        await self._database.do(lambda db: db.execute(insert, row), durable=False)

    async def dealt(self, consumer: str) -> list[str]:
        """What the consumer was done with, newest last; the broker may not have written down its acknowledgements."""
        query = "SELECT id FROM dealt WHERE consumer = ? ORDER BY n"
        rows = await self._database.do(lambda db: db.execute(query, (consumer,)).fetchall(), durable=False)
        return [id for (id,) in rows]

    async def delivered(self) -> None:
        """Waits until every fact has been acknowledged."""
        while self.pending:
            self._settled.clear()
            await self._settled.wait()

    def _appended(self, rows: int) -> None:
        self.pending += rows
        self._arrived.set()

    def _done(self, rows: int) -> None:
        self.pending -= rows
        self._settled.set()

    def _recounted(self, outcome: tuple[int, int]) -> None:
        _, self.pending = outcome
        self._settled.set()


@asynccontextmanager
async def open_outbox(path: Path, max_bytes: int) -> AsyncIterator[Outbox]:
    """The facts under `path`. Raises BusError if it cannot be written; one that is broken is moved aside with an error in the log."""
    async with open_database(path, SCHEMA, max_bytes) as database:
        yield Outbox(database, await database.do(_begin))


def _begin(db: sqlite3.Connection) -> int:
    # The monotonic clock has perhaps begun anew: count from now, which only keeps facts for longer.
    db.execute("UPDATE facts SET acknowledged = ? WHERE acknowledged IS NOT NULL", (time.monotonic(),))
    return _pending(db)


def _pending(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT count(*) FROM facts WHERE seq IS NULL").fetchone()[0])


def _waiting(db: sqlite3.Connection, after: int, limit: int) -> list[Waiting]:
    query = "SELECT n, id, stream, subject, headers, payload FROM facts WHERE seq IS NULL AND n > ? ORDER BY n LIMIT ?"
    return [
        Waiting(n, Entry(id, stream, subject, json.loads(headers), payload))
        for n, id, stream, subject, headers, payload in db.execute(query, (after, limit))
    ]
