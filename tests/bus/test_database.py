import asyncio
import sqlite3
from pathlib import Path

import pytest

from edged.bus.database import open_database
from edged.bus.link import BusError

SCHEMA = "CREATE TABLE IF NOT EXISTS t (x TEXT)"


async def test_an_action_that_raises_takes_nobody_with_it(tmp_path: Path) -> None:
    def broken(_: sqlite3.Connection) -> None:
        raise KeyError("mine")

    async with asyncio.timeout(10), open_database(tmp_path / "a.db", SCHEMA, 10_000_000) as database:
        outcomes = await asyncio.gather(
            database.do(lambda db: db.execute("INSERT INTO t VALUES ('one')").rowcount),
            database.do(broken),
            database.do(lambda db: db.execute("INSERT INTO nothing VALUES (1)")),
            database.do(lambda db: db.execute("INSERT INTO t VALUES ('two')").rowcount),
            return_exceptions=True,
        )
        assert [type(outcome) for outcome in outcomes] == [int, KeyError, BusError, int]
        assert await database.do(lambda db: db.execute("SELECT count(*) FROM t").fetchone()) == (2,)


@pytest.mark.parametrize("whole", [False, True])
async def test_what_was_deleted_is_not_in_the_files_after_a_scrub(tmp_path: Path, whole: bool) -> None:
    secret = "SECRET" * 2000
    schema = SCHEMA if whole else f"PRAGMA secure_delete = ON; {SCHEMA}"
    async with asyncio.timeout(10), open_database(tmp_path / "a.db", schema, 10_000_000) as database:
        await database.do(lambda db: db.executemany("INSERT INTO t VALUES (?)", [("kept",), (secret,)]))
        await database.do(lambda db: db.execute("DELETE FROM t WHERE x = ?", (secret,)))
        assert any(b"SECRET" in path.read_bytes() for path in tmp_path.iterdir())
        await database.scrub(whole=whole)
        assert not any(b"SECRET" in path.read_bytes() for path in tmp_path.iterdir())
        assert await database.do(lambda db: db.execute("SELECT x FROM t").fetchall()) == [("kept",)]
