"""Another program fills the disk to its last byte: the box goes on, says so, and afterwards everything is there once."""

import asyncio
import json
import re
import signal
import sqlite3
import sys
from contextlib import closing, suppress
from pathlib import Path

import av
from aiohttp import ClientSession

from bench.durability.boxes import HANDLERS, spans
from tests.rigs.daemon import ROOT, Daemon, camera, running_daemon
from tests.rigs.disks import SmallDisk

FACTS = 640
CONFIG = f"""
[clips]
before = 1.0
after = 1.0
min_free = 0
[handlers]
dir = "{HANDLERS}"
[[alerts]]
name = "somebody"
min_time = 0.5
suppress = 1.0
"""


def promised(state: Path) -> set[int]:
    """The numbers of the facts that the maker was promised."""
    return {
        n
        for what, first, end in spans((state / "promises.log").read_bytes())
        if what == "promised"
        for n in range(first, end)
    }


def recorded(state: Path) -> set[str]:
    """The ids in the history."""
    with closing(sqlite3.connect(f"{(state / 'history.db').as_uri()}?mode=ro", uri=True)) as db:
        return {id for (id,) in db.execute("SELECT id FROM facts")}


async def causes(daemon: Daemon) -> str:
    async with ClientSession() as session, session.get(f"{daemon.url}/health") as response:
        said = await response.json()
        assert (response.status == 200) == (said["status"] == "ok")
        return " / ".join(said.get("causes", ()))


async def ended_well(daemon: Daemon, state: Path) -> None:
    """Everything that was promised is in the history once, and no clip is broken."""
    while not re.match(r"stream (\d+) facts, history \1, outbox \d+ \(0 waiting\)\nclean", await audit(daemon.home)):
        await asyncio.sleep(0.2)
    assert {f"edge-{number}" for number in promised(state)} <= recorded(state)
    for path in state.glob("clips/*/*.mp4"):
        with av.open(str(path)) as container:
            assert list(container.decode(video=0)), path


async def test_a_full_disk_holds_everything_up_and_loses_nothing(
    tmp_path: Path, small_disk: SmallDisk, walk: Path
) -> None:
    state = tmp_path / "state"
    state.symlink_to(small_disk.path)
    (state / "plan.json").write_text(json.dumps({"facts": FACTS, "rate": 60}))
    async with running_daemon(tmp_path, CONFIG + camera("walk", walk, fps=5)) as daemon, asyncio.timeout(100):
        while not any(alert["clip_url"] for alert in (await daemon.get("/api/alerts"))["alerts"]):
            await asyncio.sleep(0.1)
        small_disk.fill()
        while "facts wait in memory" not in (said := await causes(daemon)):
            await asyncio.sleep(0.1)
        assert f"the disk of {state} is full (0 MB left): make room there" in said
        name = (await daemon.camera("walk"))["name"]
        status, answer = await daemon.send("PATCH", "/api/cameras/walk", {"name": "Renamed"})
        assert (status, "is full" in answer["error"]["message"]) == (503, True), answer
        assert (await daemon.camera("walk"))["name"] == name
        assert len(promised(state)) < FACTS
        small_disk.clear()
        while await causes(daemon) or len(promised(state)) < FACTS:
            await asyncio.sleep(0.1)
        assert (await daemon.send("PATCH", "/api/cameras/walk", {"name": "Renamed"}))[0] == 200
        await daemon.send("POST", "/api/cameras/walk/stop")
        await ended_well(daemon, state)


async def test_a_box_killed_on_a_full_disk_has_everything_when_it_starts_again(
    tmp_path: Path, small_disk: SmallDisk
) -> None:
    state = tmp_path / "state"
    state.symlink_to(small_disk.path)
    (state / "plan.json").write_text(json.dumps({"facts": FACTS, "rate": 200}))
    async with running_daemon(tmp_path, CONFIG) as daemon, asyncio.timeout(60):
        while not (state / "promises.log").exists() or len(promised(state)) < 128:
            await asyncio.sleep(0.05)
        small_disk.fill()
        while "is full" not in await causes(daemon):
            await asyncio.sleep(0.05)
        await daemon.stop(signal.SIGKILL)
        with suppress(AssertionError):  # it may start, or say that it cannot
            await daemon.start()
            await daemon.stop(signal.SIGKILL)
        assert "Traceback" not in daemon.log.read_text()
        assert not list(state.glob("*.broken*"))
        small_disk.clear()
        await daemon.start()
        while len(promised(state)) < FACTS:
            await asyncio.sleep(0.05)
        await ended_well(daemon, state)


async def audit(home: Path) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "edged", "audit", "--config", str(home / "edged.toml"), cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    return said.decode()
