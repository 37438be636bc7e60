"""The box's clock is set back by an hour while a camera runs."""

import asyncio
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import msgspec
import nats
import pytest

from edged.asking import VideoMeta
from edged.messages import Detections
from tests.rigs.cameras import StartRtsp
from tests.rigs.daemon import camera, running_daemon


@pytest.fixture
def faketime() -> str:
    """The library that changes what a process is told of the time of day."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not found:
        pytest.skip("no libfaketime: apt-get install libfaketime")
    return str(found[0])


async def test_a_clock_set_back_by_an_hour_is_seen_in_the_times_and_nowhere_else(
    tmp_path: Path, rtsp_server: StartRtsp, faketime: str
):
    shift = tmp_path / "shift"
    shift.write_text("+0\n")
    environ = {
        "LD_PRELOAD": faketime,
        "FAKETIME_TIMESTAMP_FILE": str(shift),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    front = camera("front", rtsp_server(fps=25).url, transport="tcp", doze=False)
    async with running_daemon(tmp_path, front, environ=environ) as daemon, asyncio.timeout(60):
        await daemon.until_status("front", "running")
        client = await nats.connect(await daemon.bus_url())
        video = await client.subscribe("edged.v1.*.*.front.video")
        looks = await client.subscribe("edged.v1.*.*.front.detections")
        await client.flush()
        units = [await video.next_msg(timeout=20) for _ in range(10)]
        shift.write_text("-3600\n")
        while looks.pending_msgs:
            await looks.next_msg()
        units += [await video.next_msg(timeout=20) for _ in range(30)]
        seen = [msgspec.json.decode((await looks.next_msg(timeout=20)).data, type=Detections) for _ in range(8)]
        view = await daemon.camera("front")
        await client.close()
    metas = [msgspec.json.decode(unit.headers["Edged-Meta"], type=VideoMeta) for unit in units]
    assert metas[-1].time - metas[0].time < timedelta(minutes=-59)
    assert len({meta.session for meta in metas} | {look.session for look in seen}) == 1
    assert all(b.seq == a.seq + 1 and b.pts - a.pts == 3600 for a, b in pairwise(metas))
    assert all(a.pts < b.pts for a, b in pairwise(seen))
    assert view["health"]["status"] == "running"
    assert view["health"]["reconnects"] == 0
    assert view["health"]["fps"] > 5
