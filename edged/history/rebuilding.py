"""history.db made anew from the stream. What is older than the stream reaches back is taken over from the old file."""

import asyncio
import sqlite3
from contextlib import aclosing
from pathlib import Path
from typing import NamedTuple

from edged.bus.deliveries import Stored
from edged.bus.facts import Facts
from edged.bus.link import BusError
from edged.history.archive import in_transaction, prepare, set_aside
from edged.history.recording import add_counts, record
from edged.history.schema import PRUNED
from edged.timezone import TimeZone

TOGETHER = 4000


class Rebuilt(NamedTuple):
    """How many facts came from the stream, how many from the old file, and where that is now."""

    read: int
    kept: int
    old: Path | None


async def rebuild(facts: Facts, path: Path, zone: TimeZone) -> Rebuilt:
    """The old file stays until the new one is whole. Nothing else may have it open. Raises BusError."""
    fresh = path.with_name(f"{path.name}.new")
    for suffix in ("", "-wal", "-shm"):
        fresh.with_name(fresh.name + suffix).unlink(missing_ok=True)
    there = path.exists()
    db = await asyncio.to_thread(prepare, fresh, zone)
    try:
        if there:
            await asyncio.to_thread(_number_alike, db, path)
        read, first = await _read(facts, db, zone)
        kept = await asyncio.to_thread(_take_over, db, first, zone) if there else 0
    except sqlite3.Error as error:
        raise BusError(f"{fresh} could not be made ({error}); {path} is as it was") from error
    finally:
        db.close()
    old = set_aside(path, "old") if there else None
    fresh.rename(path)
    return Rebuilt(read, kept, old)


async def _read(facts: Facts, db: sqlite3.Connection, zone: TimeZone) -> tuple[int, float]:
    """How many facts there were, and when the first of them was stored."""
    read, first = 0, float("inf")
    batch: list[Stored] = []

    async def write() -> int:
        return await asyncio.to_thread(in_transaction, db, lambda db: record(db, zone, batch))

    async with aclosing(facts.everything()) as everything:
        async for stored in everything:
            first = min(first, stored.stored.timestamp())
            batch.append(stored)
            if len(batch) >= TOGETHER:
                read += await write()
                batch.clear()
    return read + await write(), first


def _number_alike(db: sqlite3.Connection, path: Path) -> None:
    db.execute("ATTACH ? AS old", (str(path),))
    db.execute("INSERT INTO series SELECT * FROM old.series")


def _take_over(db: sqlite3.Connection, first: float, zone: TimeZone) -> int:
    kept: int = in_transaction(db, lambda db: _copied(db, first, zone))
    in_transaction(db, _copied_ppe)
    db.execute("DETACH old")
    return kept


def _copied(db: sqlite3.Connection, first: float, zone: TimeZone) -> int:
    before = min(first * 1000, 2.0**62)
    db.execute("CREATE TEMP TABLE kept (id TEXT PRIMARY KEY)")
    took = db.execute(
        "INSERT INTO kept SELECT id FROM old.facts WHERE time < ? AND id NOT IN (SELECT id FROM main.facts)", (before,)
    ).rowcount
    for table in PRUNED:
        db.execute(f"INSERT INTO main.{table} SELECT * FROM old.{table} WHERE id IN (SELECT id FROM kept)")
    crossings = db.execute("SELECT time, series, direction FROM old.crossings WHERE id IN (SELECT id FROM kept)")
    add_counts(db, zone, [(time, n, (sign > 0, sign < 0, 0, 0)) for time, n, sign in crossings])
    fixed = db.execute(
        "SELECT time, series, delta_in, delta_out FROM old.corrections WHERE id IN (SELECT id FROM kept)"
    )
    add_counts(db, zone, [(time, n, (0, 0, ins, outs)) for time, n, ins, outs in fixed])
    row = db.execute("SELECT value + 0 FROM old.setting WHERE name = 'pruned'").fetchone()
    if row:
        for grain in ("hour", "day"):
            db.execute(f"INSERT OR REPLACE INTO counts_{grain} SELECT * FROM old.counts_{grain} WHERE start < ?", row)
        db.execute("INSERT OR REPLACE INTO setting VALUES ('pruned', ?)", (str(row[0]),))
    return took


def _copied_ppe(db: sqlite3.Connection) -> None:
    """Verdicts come from the old file; without a cursor all that their stream still holds is read again at the next start."""
    if db.execute("SELECT 1 FROM old.sqlite_schema WHERE name = 'ppe'").fetchone():
        for table in ("ppe", "ppe_items"):
            db.execute(f"INSERT INTO main.{table} SELECT * FROM old.{table}")
