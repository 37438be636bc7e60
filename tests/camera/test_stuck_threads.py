"""A thread that is blocked in a library, where nothing can interrupt it, holds nobody up and is replaced."""

import asyncio
import fcntl
import os
import signal
import time
from itertools import pairwise

from edged.camera.source import LINGERING
from tests.camera.watching import PATIENCE, watched
from tests.rigs import clips as making
from tests.rigs.daemon import camera, running_daemon


async def test_threads_stuck_in_a_library_call_hold_nobody_up_and_are_few(tmp_path, rtsp_server):
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)
    async with watched(rtsp_server().url) as other:
        await other.frames(2)
        reader = other.camera.outlet.ring.reader(late=60)
        async with watched(str(pipe), open_timeout=0.1) as stuck:
            cause, _ = await stuck.state("retrying")
            assert stuck.camera.facts().lingering == 1
            async with asyncio.timeout(PATIENCE):
                while "hangs" not in stuck.states[-1][2]:
                    await stuck.changed()
            assert stuck.camera.facts().lingering == LINGERING
            assert cause == "timeout"
        seen = await reader.units()
    pipe.open("wb").close()  # lets the threads go
    assert len(seen) >= 15
    assert all(b.seq == a.seq + 1 for a, b in pairwise(seen))
    assert reader.dropped == 0


async def test_a_thread_stuck_while_it_reads_is_noticed_and_replaced(tmp_path):
    second = {"bf": "0", "g": "10", "tune": "zerolatency"}
    clip = making.write(tmp_path / "clip.ts", "libx264", "yuv420p", count=20, fps=20, options=second)
    pipe = tmp_path / "pipe.ts"
    os.mkfifo(pipe)
    with pipe.open("r+b", buffering=0) as feed:  # as long as somebody might write, reading never ends
        fcntl.fcntl(feed, fcntl.F_SETPIPE_SZ, 1 << 20)
        feed.write(5 * clip.read_bytes())  # libav reads ahead
        async with watched(str(pipe), open_timeout=0.8, stall_timeout=0.5) as watch:
            await watch.frames(3)
            before = watch.camera.session
            assert (await watch.state("stalled"))[0] == "stalled"
            assert watch.camera.facts().lingering == 1
            async with asyncio.timeout(15):
                while watch.states[-1][0] != "running":
                    feed.write(5 * clip.read_bytes())
                    await watch.changed_or_frame()
            assert watch.camera.session != before
            assert watch.camera.facts().lingering == 0


async def test_a_daemon_with_a_stuck_thread_ends_at_once(tmp_path):
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)
    async with running_daemon(tmp_path, camera("stuck", pipe, open_timeout=0.1)) as daemon:
        async with asyncio.timeout(20):
            view = await daemon.until_status("stuck", "retrying")
        assert view["health"]["cause"] == "timeout"
        began = time.monotonic()
        assert await daemon.stop(signal.SIGTERM) == 0
        assert time.monotonic() - began < 4  # at five seconds the watchdog ends what hangs
