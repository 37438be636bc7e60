"""What counts, and verdicts on equipment, from their streams into one file."""

import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edged import config
from edged.history import ppe
from edged.history.archive import open_archive
from edged.history.rebuilding import rebuild
from tests.history.crossings import crossed, stored
from tests.history.scenes import checked
from tests.history.test_archive import BERLIN
from tests.rigs.facts import box
from tests.rigs.handlers import handling
from tests.rigs.nats import NatsServer

NOW = datetime.now(UTC)


def settings(state: Path, **history: float) -> config.Config:
    handlers = config.Handlers(run=("history",))
    kept = config.History(**history)
    return config.Config(state_dir=str(state), time_zone="Europe/Berlin", handlers=handlers, history=kept)


def ids(state: Path, table: str) -> list[str]:
    try:
        db = sqlite3.connect(f"{(state / 'history.db').as_uri()}?mode=ro", uri=True)
        try:
            return [id for (id,) in db.execute(f"SELECT id FROM {table} ORDER BY id")]
        finally:
            db.close()
    except sqlite3.OperationalError:
        return []  # it is not there yet


async def until(state: Path, table: str, wanted: list[str]) -> None:
    async with asyncio.timeout(20):
        while await asyncio.to_thread(ids, state, table) != wanted:
            await asyncio.sleep(0.02)


async def test_both_streams_go_on_where_they_were_left(nats_server: NatsServer, tmp_path: Path) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        for turn in range(2):
            async with handling(node, settings(tmp_path)):
                await node.facts.publish(checked(f"p{turn}", NOW, vest="ok"))
                await node.facts.publish(crossed(f"c{turn}", NOW))
                await until(tmp_path, "ppe", [f"p{n}" for n in range(turn + 1)])
                await until(tmp_path, "crossings", [f"c{n}" for n in range(turn + 1)])
        await node.facts.publish(checked("p2", NOW, vest="missing"))
        async with handling(node, settings(tmp_path)):
            await until(tmp_path, "ppe", ["p0", "p1", "p2"])
    assert ids(tmp_path, "facts") == ["c0", "c1"]


async def test_each_kind_is_forgotten_after_its_own_time(nats_server: NatsServer, tmp_path: Path) -> None:
    old = NOW - timedelta(days=10)
    async with open_archive(tmp_path / "history.db", BERLIN) as archive:
        await archive.write(stored(crossed("old", old)))
        await archive.change(
            lambda db: ppe.record(db, stored(checked("old", old, vest="ok"), checked("new", NOW, vest="ok")))
        )
    async with box(nats_server.url, tmp_path / "outbox.db") as node, handling(node, settings(tmp_path, ppe_days=5)):
        await until(tmp_path, "ppe", ["new"])
    assert ids(tmp_path, "crossings") == ["old"]


async def test_a_file_made_anew_has_the_verdicts_of_the_old_one_and_of_the_stream(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        await node.facts.publish(checked("a", NOW, vest="ok"))
        await node.facts.publish(checked("b", NOW, vest="ok"))
        await node.delivered()
        async with open_archive(tmp_path / "history.db", BERLIN) as archive:
            await archive.change(
                lambda db: ppe.record(db, stored(checked("0", NOW, vest="ok"), checked("a", NOW, vest="ok")))
            )
        await rebuild(node.facts, tmp_path / "history.db", BERLIN)
        assert ids(tmp_path, "ppe") == ["0", "a"]
        async with handling(node, settings(tmp_path)):
            await until(tmp_path, "ppe", ["0", "a", "b"])
