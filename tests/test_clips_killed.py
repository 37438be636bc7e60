"""`kill -9` at every step of a clip's making: it is complete and known, or not there."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import av
import msgspec
import nats

from edged import messages as m
from edged.asking import ClipRequest
from tests.rigs import clips
from tests.rigs.daemon import Daemon, camera, running_daemon
from tests.test_daemon import children, facts, gone

LIVE = {"bf": "0", "g": "5", "preset": "ultrafast", "tune": "zerolatency"}
RECORD = "edged.v1.home.edge.front.record"
AT_ONCE = 8


def endings(names: Iterable[str], ending: str) -> list[str]:
    return [name for name in names if name.endswith(ending)]


# each with what is then in the folder
MOMENTS: dict[str, Callable[[dict[str, int]], object]] = {
    "begun": lambda sizes: endings(sizes, ".part"),
    "growing": lambda sizes: any(sizes[name] > 4000 for name in endings(sizes, ".part")),
    "complete, without its name": lambda sizes: endings(sizes, ".untold"),
    "named": lambda sizes: endings(sizes, ".mp4"),
    "some told of": lambda sizes: len(endings(sizes, ".mp4")) > len(endings(sizes, ".untold")) > 0,
}


SOME = ("complete, without its name", "named")  # of them in every run, each takes some seconds


def sizes(folder: Path) -> dict[str, int]:
    found = {}
    for entry in os.scandir(folder) if folder.exists() else ():
        try:
            found[entry.name] = entry.stat().st_size
        except FileNotFoundError:
            continue
    return found


async def ask_for_clips(daemon: Daemon, session: str, name: str) -> None:
    """Some, one shortly after the other."""
    client = await nats.connect(await daemon.bus_url(), allow_reconnect=False)
    try:
        for number in range(AT_ONCE):
            since, until = (datetime.now(UTC) + timedelta(seconds=seconds) for seconds in (-1, 0.4))
            wanted = ClipRequest(id=f"{name}{number}", session=session, since=since, until=until)
            reply = await client.request(RECORD, msgspec.json.encode(wanted), timeout=5)
            assert reply.data == b"{}", reply.headers
            await asyncio.sleep(0.05)
    finally:
        await client.close()


async def known(daemon: Daemon, name: str) -> dict[str, m.ClipReady]:
    told = await facts(await daemon.bus_url(), "clip", m.ClipReady)
    assert len({fact.id for fact in told}) == len(told)
    return {f"{fact.alert}.mp4": fact for fact in told if isinstance(fact, m.ClipReady) and fact.alert.startswith(name)}


async def check(daemon: Daemon, folder: Path, name: str, scratch: Path) -> int:
    """Every clip there is known, every known one there and whole; how many."""
    while endings(sizes(folder), ".part") or endings(sizes(folder), ".untold"):
        await asyncio.sleep(0.05)
    there = sizes(folder)
    while (told := await known(daemon, name)).keys() != there.keys():
        assert told.keys() <= there.keys(), "told of, and not there"
    async with aiohttp.ClientSession(daemon.url) as http:
        for name, ready in told.items():
            assert there[name] == ready.bytes
            async with http.get(f"/api/clips/{ready.key}") as reply:
                assert reply.status == 200
                scratch.write_bytes(await reply.read())
            with av.open(str(scratch)) as container:
                frames = sum(1 for _ in container.decode(video=0))
            assert frames == round(ready.seconds * 10) + 1
    return len(told)


async def test_a_daemon_killed_at_any_step_of_a_clip_leaves_it_complete_and_known_or_absent(tmp_path: Path) -> None:
    clip = clips.write(tmp_path / "camera.mp4", "libx264", "yuv420p", count=600, options=LIVE)
    folder = tmp_path / "state" / "clips" / "front"
    config = "[clips]\nmin_free = 0\n" + camera("front", clip, detection=False)
    async with running_daemon(tmp_path, config) as daemon, asyncio.timeout(110):
        count = 0
        for step, moment in enumerate(MOMENTS if "EDGED_LONG" in os.environ else SOME):
            view = await daemon.until_status("front", "running")
            for left in sizes(folder):
                (folder / left).unlink()  # so that what is there next is of this round
            asking = asyncio.create_task(ask_for_clips(daemon, view["health"]["session"], f"round{step}."))
            while not MOMENTS[moment](sizes(folder)):
                await asyncio.sleep(0)
            assert daemon.process
            helpers = children(daemon.process.pid)
            await daemon.stop(signal.SIGKILL)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            for pid in helpers:
                await gone(pid)
            await daemon.start()
            count += await check(daemon, folder, f"round{step}.", tmp_path / "got.mp4")
        assert count > 0
