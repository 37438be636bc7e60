"""The same facts in outbox, stream and history; what was changed by hand is named."""

import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edged import config
from edged.bus.deliveries import Stored
from edged.bus.facts import Facts
from edged.bus.link import connect
from edged.bus.streams import FACTS, ensure_streams
from edged.history.archive import open_archive
from edged.history.auditing import Findings, audited
from edged.history.rebuilding import rebuild
from tests.history.crossings import corrected, crossed
from tests.history.test_archive import BERLIN
from tests.rigs.facts import box
from tests.rigs.handlers import handling
from tests.rigs.nats import NatsServer


def settings(state: Path) -> config.Config:
    return config.Config(state_dir=str(state), time_zone="Europe/Berlin", handlers=config.Handlers(run=("history",)))


async def recorded(state: Path, count: int) -> None:
    """Waits until the history has so many facts."""
    async with asyncio.timeout(20):
        while await asyncio.to_thread(_facts_in, state / "history.db") < count:
            await asyncio.sleep(0.02)


def _facts_in(path: Path) -> int:
    try:
        db = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
        try:
            return int(db.execute("SELECT count(*) FROM facts").fetchone()[0])
        finally:
            db.close()
    except sqlite3.OperationalError:
        return 0


async def audit(server: NatsServer, state: Path) -> Findings:
    async with connect(server.url, "audit") as link:
        return await audited(Facts(link), state)


async def some_facts(server: NatsServer, state: Path, count: int = 40, older: int = 0) -> None:
    """`older` facts are in the history before."""
    async with box(server.url, state / "outbox.db") as node, handling(node, settings(state)):
        for n in range(count - 1):
            await node.facts.publish(
                crossed(f"fact-{n}", datetime.now(UTC) - timedelta(minutes=n), "in" if n % 3 else "out")
            )
        await node.facts.publish(corrected("fix", datetime.now(UTC), 3, 0))
        await node.delivered()
        await recorded(state, count + older)


@pytest.mark.parametrize(
    ("harm", "what", "name"),
    [
        ("DELETE FROM facts WHERE id = 'fact-7'", "missing in the history", "fact-7 at 8"),
        ("DELETE FROM crossings WHERE id = 'fact-7'", "fact without its crossing", "fact-7"),
        (
            "INSERT INTO crossings SELECT 'again', time, series, direction, session, track FROM crossings WHERE id = 'fact-7'",
            "crossing without its fact",
            "again",
        ),
        ("UPDATE counts_minute SET ins = ins + 1", "sum of a minute is not that of its facts", "home.edge.front.door"),
        ("UPDATE counts_day SET ins = ins + 1", "sums of hours and days differ", "home.edge.front.door person"),
        ("DELETE FROM corrections", "fact without its correction", "fix"),
        (
            "UPDATE facts SET id = 'ghost' WHERE id = 'fact-7'",
            "missing in the stream, known to the history",
            "ghost at 8",
        ),
    ],
)
async def test_what_was_changed_by_hand_in_the_history_is_named(
    nats_server: NatsServer, tmp_path: Path, harm: str, what: str, name: str
) -> None:
    await some_facts(nats_server, tmp_path)
    assert (await audit(nats_server, tmp_path)).faults == []
    db = sqlite3.connect(tmp_path / "history.db")
    db.execute(harm)
    db.commit()
    db.close()
    faults = {fault.what: fault.names for fault in (await audit(nats_server, tmp_path)).faults}
    assert any(each.startswith(name) for each in faults[what]), faults


async def test_what_was_changed_by_hand_in_the_stream_is_named(nats_server: NatsServer, tmp_path: Path) -> None:
    await some_facts(nats_server, tmp_path)
    async with connect(nats_server.url, "hand") as link:
        js = link.jetstream()
        copied = await js.get_msg(FACTS, 5)
        assert copied.headers
        double = {"Nats-Msg-Id": copied.headers["Nats-Msg-Id"]}
        await js.delete_msg(FACTS, 12)
        state = await js.stream_info(FACTS)
        await js.update_stream(state.config.evolve(duplicate_window=0.1))
        await asyncio.sleep(0.3)  # until the server has forgotten that it had this id
        await js.publish(copied.subject, copied.data, headers=double)
    faults = {fault.what: fault.names for fault in (await audit(nats_server, tmp_path)).faults}
    assert faults["doubled in the stream"] == ["fact-4 at 5,41"]
    assert faults["place removed from the stream"] == ["12"]


async def test_the_newest_fact_taken_out_of_the_stream_is_named(nats_server: NatsServer, tmp_path: Path) -> None:
    await some_facts(nats_server, tmp_path)
    async with connect(nats_server.url, "hand") as link:
        await link.jetstream().delete_msg(FACTS, 40)
        async with asyncio.timeout(10):
            faults = {fault.what: fault.names for fault in (await audit(nats_server, tmp_path)).faults}
    assert faults["place removed from the stream"] == ["40"]


@pytest.mark.parametrize(
    ("harm", "what", "name"),
    [
        (
            "UPDATE facts SET id = 'ghost' WHERE id = 'fact-7'",
            "missing in the stream, acknowledged to the outbox",
            "ghost at 8",
        ),
        (
            "INSERT INTO facts SELECT 99, 'again', stream, subject, headers, payload, floor, seq, acknowledged FROM facts WHERE id = 'fact-7'",
            "missing in the stream, acknowledged to the outbox",
            "again at 8",
        ),
    ],
)
async def test_what_was_changed_by_hand_in_the_outbox_is_named(
    nats_server: NatsServer, tmp_path: Path, harm: str, what: str, name: str
) -> None:
    await some_facts(nats_server, tmp_path)
    db = sqlite3.connect(tmp_path / "outbox.db")
    db.execute(harm)
    db.commit()
    db.close()
    faults = {fault.what: fault.names for fault in (await audit(nats_server, tmp_path)).faults}
    assert faults == {what: [name]}


def counted(db: sqlite3.Connection) -> list[list[tuple[object, ...]]]:
    """By minute, hour and day. By the names of the series: their numbers go by who came first, and a correction may overtake crossings."""
    columns = "start, site, node, camera, line, label, ins, outs, fixed_in, fixed_out"
    return [
        db.execute(
            f"SELECT {columns} FROM counts_{grain} JOIN series ON n = series ORDER BY 1, 2, 3, 4, 5, 6"
        ).fetchall()
        for grain in ("minute", "hour", "day")
    ]


async def test_a_history_is_made_anew_from_the_stream_and_keeps_what_is_older(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    old = crossed("old", datetime.now(UTC) - timedelta(days=3))
    async with open_archive(tmp_path / "history.db", BERLIN) as archive:
        await archive.write([Stored(old, b"", 0, old.time)])
    await some_facts(nats_server, tmp_path, older=1)
    db = sqlite3.connect(tmp_path / "history.db")
    before = counted(db)
    db.execute("UPDATE counts_minute SET ins = 99")
    db.execute("DELETE FROM crossings WHERE id = 'fact-3'")
    db.commit()
    db.close()
    async with connect(nats_server.url, "command") as link:
        await ensure_streams(link, config.Nats())
        made = await rebuild(Facts(link), tmp_path / "history.db", BERLIN)
    assert made.read == 40
    assert made.kept >= 1
    db = sqlite3.connect(tmp_path / "history.db")
    after = counted(db)
    db.close()
    assert after == before
    assert (await audit(nats_server, tmp_path)).faults == []
