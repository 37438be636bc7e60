import asyncio
import json
import sys

from tests.camera.test_never_stuck import back, behind_a_bad_network
from tests.rigs.daemon import ROOT
from tests.rigs.rtp import damaged

CLIPS = 240


async def test_destroyed_clips_end_with_a_cause_that_is_none_of_ours(tmp_path):
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.camera.fuzzing", tmp_path, str(CLIPS), cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, complaints = (text.decode() for text in await child.communicate())
    assert child.returncode == 0, complaints[-2000:]
    found = json.loads(said)
    assert sum(found["ended"].values()) == CLIPS
    assert set(found["ended"]) <= {"ended", "closed", "format", "codec", "unreachable"}, complaints
    assert found["frames"] > 3 * CLIPS
    assert found["units"] > 3 * CLIPS
    assert found["corrupt"] > CLIPS


async def test_when_every_packet_is_damaged_the_camera_comes_back_as_soon_as_none_is(rtsp_server):
    async with behind_a_bad_network(rtsp_server, fps=25) as (network, watch):
        await watch.frames(3)
        before = watch.camera.facts().packets
        network.change = damaged(seed=1, share=1.0, bytes_each=40)
        async with asyncio.timeout(20):
            while watch.camera.facts().packets < before + 30:
                await watch.changed_or_frame()
        network.heal()
        assert await back(watch) < 6
        assert {cause for _, cause, _ in watch.states} <= {None, "ended", "stalled", "codec"}
