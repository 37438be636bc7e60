"""A disk that fills up, on a file system of its own: first there are no more clips, then no pictures, and no fact is lost."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from edged import messages as m
from tests.rigs.daemon import Daemon, camera, running_daemon
from tests.test_daemon import facts

SIZE = 420_000_000
CLIPS_LEAVE = 300_000_000  # so pictures leave a tenth of it
SETTINGS = f"""
[nats]
facts_max_bytes = 8000000
pictures_max_bytes = 8000000
ppe_max_bytes = 1000000
work_max_bytes = 1000000
[clips]
before = 1.0
after = 0.5
min_free = {CLIPS_LEAVE}
[[alerts]]
name = "somebody"
min_time = 0.5
suppress = 1.0
"""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """The daemon's state directory, small and its own."""
    state = tmp_path / "state"
    state.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(state)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield state
    subprocess.run(["umount", "-l", str(state)], check=True)


def free(disk: Path) -> int:
    return shutil.disk_usage(disk).free


def leave(disk: Path, left: int) -> None:
    """Somebody else takes what is there, but for so much."""
    ballast = disk / "ballast"
    ballast.unlink(missing_ok=True)
    if left < free(disk):
        with ballast.open("wb", buffering=0) as file:
            try:
                while (more := min(free(disk) - left, 1_000_000)) > 0 or left == 0:
                    file.write(bytes(max(more, 4096)))
            except OSError:
                assert free(disk) == 0


async def alerts(daemon: Daemon) -> Any:
    return (await daemon.get("/api/alerts?limit=500"))["alerts"]


async def more_alerts(daemon: Daemon, count: int) -> Any:
    """The newest, once there are so many more."""
    before = len(await alerts(daemon))
    while len(found := await alerts(daemon)) < before + count:
        await asyncio.sleep(0.1)
    return found[: len(found) - before]


async def has_picture(daemon: Daemon, alert: Any) -> bool:
    async with aiohttp.ClientSession(daemon.url) as http, http.get(alert["snapshot_url"]) as reply:
        return reply.status == 200


async def with_all(daemon: Daemon) -> None:
    """Waits for an alert that has a picture and a clip."""
    while True:
        for alert in (await alerts(daemon))[:3]:
            if alert["clip_url"] and await has_picture(daemon, alert):
                return
        await asyncio.sleep(0.2)


@pytest.mark.skipif("EDGED_LONG" not in os.environ, reason="half a minute: set EDGED_LONG=1")
async def test_clips_give_way_then_pictures_and_facts_are_never_lost(tmp_path: Path, disk: Path, walk: Path) -> None:
    async with running_daemon(tmp_path, SETTINGS + camera("walk", walk)) as daemon, asyncio.timeout(110):
        await with_all(daemon)

        leave(disk, CLIPS_LEAVE - 20_000_000)
        while list(disk.rglob("*.mp4")):
            await asyncio.sleep(0.1)
        new = await more_alerts(daemon, 2)
        assert [alert["clip_url"] for alert in new] == [None, None]
        while not await has_picture(daemon, new[0]):
            await asyncio.sleep(0.1)

        leave(disk, CLIPS_LEAVE // 10 - 5_000_000)
        await more_alerts(daemon, 1)  # whose pictures may have been taken before
        new = await more_alerts(daemon, 2)
        assert not any([await has_picture(daemon, alert) for alert in new])

        leave(disk, 0)
        while not (await daemon.get("/api/health"))["causes"]:
            await asyncio.sleep(0.1)
        for _ in range(12):
            found = await daemon.get("/api/health")
            assert "is full" in found["causes"][0], found
            assert (await daemon.camera("walk"))["health"]["status"] == "running"
            await asyncio.sleep(0.5)
        assert "facts can't be written" in daemon.log.read_text()

        leave(disk, SIZE)
        await with_all(daemon)
        raised = await facts(await daemon.bus_url(), "alert", m.AlertRaised)
        tracks = await facts(await daemon.bus_url(), "track", m.TrackStarted)
        assert len({alert.id for alert in raised}) == len(raised)
        assert {(alert.session, alert.track) for alert in raised} <= {(track.session, track.track) for track in tracks}
