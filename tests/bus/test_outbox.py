import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from edged.bus.link import BusError
from edged.bus.outbox import Entry, Outbox, open_outbox

ROOM = 100_000_000


def entry(number: int, payload: bytes = b"{}", stream: str = "edged_facts") -> Entry:
    return Entry(f"fact-{number}", stream, "edged.v1.home.edge.front.track", {"Answer": "42"}, payload)


async def ids(outbox: Outbox, after: int = 0, limit: int = 1000) -> list[str]:
    return [waiting.entry.id for waiting in await outbox.waiting(after, limit)]


async def test_facts_wait_in_the_order_they_were_appended(tmp_path: Path) -> None:
    async with open_outbox(tmp_path / "outbox.db", ROOM) as outbox:
        await asyncio.gather(*(outbox.append(entry(n)) for n in range(100)))
        waiting = await outbox.waiting(0, 60)
        assert [w.entry for w in waiting] == [entry(n) for n in range(60)]
        assert await ids(outbox, after=waiting[-1].n) == [f"fact-{n}" for n in range(60, 100)]
        assert outbox.pending == 100


async def test_the_same_id_is_one_fact(tmp_path: Path) -> None:
    async with open_outbox(tmp_path / "outbox.db", ROOM) as outbox:
        for _ in range(3):
            await outbox.append(entry(1))
        await outbox.acknowledged("fact-1", "edged_facts", 7)
        await outbox.append(entry(1))
        assert outbox.pending == 0


async def test_reading_waits_for_the_next_fact(tmp_path: Path) -> None:
    async with open_outbox(tmp_path / "outbox.db", ROOM) as outbox:
        reading = asyncio.create_task(ids(outbox))
        await asyncio.sleep(0)
        await outbox.append(entry(1))
        assert await reading == ["fact-1"]


async def test_an_acknowledged_fact_is_held_until_it_is_forgotten(tmp_path: Path) -> None:
    async with open_outbox(tmp_path / "outbox.db", ROOM) as outbox:
        await outbox.reconcile("edged_facts", {}, 0)
        await outbox.append(entry(1))
        await outbox.append(entry(2))
        await outbox.acknowledged("fact-1", "edged_facts", 1)
        await outbox.forget(3600)
        assert [fact.id for fact in await outbox.held("edged_facts")] == ["fact-1", "fact-2"]
        await outbox.forget(0)
        assert [fact.id for fact in await outbox.held("edged_facts")] == ["fact-2"]
        assert outbox.pending == 1


async def test_what_the_stream_lacks_waits_again_and_what_it_has_does_not(tmp_path: Path) -> None:
    async with open_outbox(tmp_path / "outbox.db", ROOM) as outbox:
        for n in range(4):
            await outbox.append(entry(n))
        await outbox.append(entry(9, stream="edged_pictures"))
        for n in range(3):
            await outbox.acknowledged(f"fact-{n}", "edged_facts", n + 1)
        assert await outbox.reconcile("edged_facts", {"fact-0": 1, "fact-3": 2, "somebody else's": 3}, 3) == 2
        assert await ids(outbox) == ["fact-1", "fact-2", "fact-9"]
        assert outbox.pending == 3


async def test_a_fact_is_looked_for_only_where_it_can_be(tmp_path: Path) -> None:
    async with open_outbox(tmp_path / "outbox.db", ROOM) as outbox:
        await outbox.append(entry(1))
        await outbox.acknowledged("fact-1", "edged_facts", 50)
        await outbox.append(entry(2))
        assert [fact.first for fact in await outbox.held("edged_facts")] == [50, 51]
        await outbox.reconcile("edged_facts", {}, 20)  # the stream was made anew meanwhile
        await outbox.append(entry(3))
        assert [fact.first for fact in await outbox.held("edged_facts")] == [1, 21, 21]


async def test_before_the_first_look_at_a_stream_nothing_can_be_in_it(tmp_path: Path) -> None:
    """A box that joins a broker with a million facts must not read them all."""
    async with open_outbox(tmp_path / "outbox.db", ROOM) as outbox:
        await outbox.append(entry(1))
        assert await outbox.held("edged_facts") == []
        await outbox.reconcile("edged_facts", {}, 1_000_000)
        assert [fact.first for fact in await outbox.held("edged_facts")] == [1_000_001]
        assert outbox.pending == 1


async def test_facts_survive_closing_and_opening(tmp_path: Path) -> None:
    async with open_outbox(tmp_path / "outbox.db", ROOM) as outbox:
        await outbox.append(entry(1))
        await outbox.append(entry(2))
        await outbox.acknowledged("fact-1", "edged_facts", 1)
    async with open_outbox(tmp_path / "outbox.db", ROOM) as outbox:
        assert outbox.pending == 1
        assert await ids(outbox) == ["fact-2"]
        assert len(await outbox.held("edged_facts")) == 2


async def test_a_caller_that_gives_up_does_not_lose_the_fact(tmp_path: Path) -> None:
    async with open_outbox(tmp_path / "outbox.db", ROOM) as outbox:
        reading = asyncio.create_task(ids(outbox))
        writing = asyncio.create_task(outbox.append(entry(1)))
        await asyncio.sleep(0)
        writing.cancel()
        assert await reading == ["fact-1"]
        assert outbox.pending == 1


async def test_a_full_outbox_refuses_the_fact_that_does_not_fit_and_no_other(tmp_path: Path) -> None:
    async with open_outbox(tmp_path / "outbox.db", 400_000) as outbox:
        big = [outbox.append(entry(n, os.urandom(150_000))) for n in range(5)]
        outcomes = await asyncio.gather(*big, outbox.append(entry(99)), return_exceptions=True)
        refused = [outcome for outcome in outcomes if outcome is not None]
        assert len(refused) == 3
        assert all(isinstance(error, BusError) for error in refused)
        assert "disk full" in str(refused[0])
        assert outbox.pending == 3
        assert "fact-99" in await ids(outbox)


@pytest.mark.parametrize("damage", ["not a database", "torn"])
async def test_a_broken_file_is_moved_aside(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "outbox.db"
    if damage == "torn":
        async with open_outbox(path, ROOM) as outbox:
            for n in range(50):
                await outbox.append(entry(n, os.urandom(3000)))
        with path.open("r+b") as file:
            file.seek(4096)
            file.write(os.urandom(40_000))
    else:
        path.write_bytes(os.urandom(20_000))
    with capture_logs() as logs:
        async with open_outbox(path, ROOM) as outbox:
            await outbox.append(entry(1))
            assert await ids(outbox) == ["fact-1"]
    assert [line["event"] for line in logs] == ["outbox broken"]
    assert Path(logs[0]["moved_to"]).name.startswith("outbox.db.broken-")


async def test_a_folder_it_may_not_write_is_named(tmp_path: Path) -> None:
    (tmp_path / "outbox.db").mkdir()
    with pytest.raises(BusError, match=r"outbox\.db could not be opened"):
        async with open_outbox(tmp_path / "outbox.db", ROOM):
            pass


WRITER = """
import asyncio, sys
from pathlib import Path
from edged.bus.outbox import Entry, open_outbox

async def main():
    async with open_outbox(Path(sys.argv[1]), 100_000_000) as outbox:
        async def write(lane):
            n = 0
            while True:
                id = f"{sys.argv[2]}-{lane}-{n}"
                await outbox.append(Entry(id, "edged_facts", "a.b", {}, b"x" * 500))
                print(id, flush=True)
                n += 1
        await asyncio.gather(*(write(lane) for lane in range(8)))

asyncio.run(main())
"""


def kill_a_writer(path: Path, turn: int, lines: int) -> list[str]:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(turn)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout
    said = [writer.stdout.readline().strip() for _ in range(lines)]
    writer.send_signal(signal.SIGKILL)
    rest = writer.communicate()[0]
    return said + [line for line in rest.split("\n")[:-1] if line]


async def test_killed_at_any_moment_every_appended_fact_is_there(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    promised: set[str] = set()
    for turn in range(6):
        promised |= set(await asyncio.to_thread(kill_a_writer, path, turn, 40 + 37 * turn))
    async with open_outbox(path, ROOM) as outbox:
        kept = await ids(outbox, limit=100_000)
    assert promised <= set(kept)
    assert len(kept) == len(set(kept))
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
