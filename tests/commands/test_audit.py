"""`edged audit` and `edged history rebuild` on a real daemon's state."""

import asyncio
import json
import os
import re
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import nats

from tests.rigs.daemon import ROOT, Daemon, camera, running_daemon


async def edged(*words: str) -> tuple[int, str]:
    """Exit status, and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "edged",
        *words,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def walked(daemon: Daemon) -> None:
    """Waits until somebody's track is in the history."""
    async with asyncio.timeout(60):
        while not await asyncio.to_thread(_tracks, daemon.home / "state" / "history.db"):
            await asyncio.sleep(0.1)


def _tracks(path: Path) -> int:
    try:
        db = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
        try:
            return int(db.execute("SELECT count(*) FROM facts WHERE type = 'track_started'").fetchone()[0])
        finally:
            db.close()
    except sqlite3.OperationalError:
        return 0


async def test_a_daemon_at_work_and_one_that_was_killed_are_clean(tmp_path: Path, pedestrians: Path) -> None:
    config = ("--config", str(tmp_path / "edged.toml"))
    async with running_daemon(tmp_path, camera("walk", pedestrians)) as daemon:
        await walked(daemon)
        status, said = await edged("audit", *config)
        assert (status, said.splitlines()[-1]) == (0, "clean"), said
        status, said = await edged("history", "rebuild", *config)
        assert status == 1
        assert "in use by an edged that runs" in said
    status, said = await edged("audit", *config)
    assert (status, said.splitlines()[-1]) == (0, "clean"), said
    database = sqlite3.connect(tmp_path / "state" / "history.db")
    [(lost,)] = database.execute("SELECT id FROM facts WHERE type = 'track_started' LIMIT 1").fetchall()
    database.execute("DELETE FROM facts WHERE id = ?", (lost,))
    database.commit()
    database.close()
    status, said = await edged("audit", *config)
    assert status == 1
    assert "missing in the history: 1" in said
    assert lost in said
    status, said = await edged("history", "rebuild", *config)
    assert (status, "facts from the stream" in said) == (0, True), said
    status, said = await edged("audit", *config)
    assert (status, said.splitlines()[-1]) == (0, "clean"), said


async def test_without_a_history_there_is_nothing_to_audit(tmp_path: Path) -> None:
    (tmp_path / "edged.toml").write_text(f'state_dir = "{tmp_path / "state"}"')
    status, said = await edged("audit", "--config", str(tmp_path / "edged.toml"))
    assert status == 2
    assert "history.db could not be read" in said


async def test_what_a_drawn_line_counts_is_still_the_log_after_kill_9(tmp_path: Path, pedestrians: Path) -> None:
    config = ("--config", str(tmp_path / "edged.toml"))
    line = {"id": "path", "points": [[0.0, 0.55], [1.0, 0.55]]}
    async with asyncio.timeout(110), running_daemon(tmp_path, camera("walk", pedestrians, fps=10)) as daemon:
        async with crossings_of(daemon, "walk") as heard:
            status, _ = await daemon.send("PATCH", "/api/cameras/walk", {"lines": [line]})
            assert status == 200
            seen = {(await anext(heard))["id"] for _ in range(2)}
        while (counted := gross(await daemon.get("/api/stats?range=year"))) < 2:
            await asyncio.sleep(0.1)
        everything = family(daemon)
        await daemon.stop(signal.SIGKILL)
        for pid in everything:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await daemon.start()
        while gross(await daemon.get("/api/stats?range=year")) <= counted:
            await asyncio.sleep(0.1)
        await daemon.send("POST", "/api/cameras/walk/stop")
        while True:
            status, said = await edged("audit", *config)
            assert (status, said.splitlines()[-1]) == (0, "clean"), said
            if re.match(r"stream (\d+) facts, history \1, outbox \d+ \(0 waiting\)", said):
                break
        log = await crossings_in(await daemon.bus_url())
        stats, inside = await daemon.get("/api/stats?range=year"), await daemon.get("/api/occupancy")
    ways = Counter(crossing["direction"] for crossing in log)
    assert seen <= {crossing["id"] for crossing in log}
    assert (stats["total"]["in"], stats["total"]["out"]) == (ways["in"], ways["out"])
    assert inside["occupancy"] == ways["in"] - ways["out"]


@asynccontextmanager
async def crossings_of(daemon: Daemon, camera: str) -> AsyncIterator[AsyncIterator[Any]]:
    """The crossings of a camera, as a browser hears them."""
    url = f"{daemon.url}/api/realtime/ws?camera={camera}&kinds=crossing"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        yield (message.json() async for message in socket)


def family(daemon: Daemon) -> list[int]:
    """The processes that the daemon has started."""
    assert daemon.process
    pid = daemon.process.pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


async def crossings_in(url: str) -> list[Any]:
    """Every crossing that the stream holds, read by no code of edged's."""
    client = await nats.connect(url)
    found = []
    subscription = await client.jetstream().subscribe("edged.v1.*.*.*.crossing", ordered_consumer=True)
    try:
        while True:
            found.append(json.loads((await subscription.next_msg(timeout=1)).data))
    except TimeoutError:
        return found
    finally:
        await client.close()


def gross(stats: Any) -> int:
    return int(stats["total"]["in"] + stats["total"]["out"])
