"""Whatever the network does, the state says which, and the picture comes back: a real RTSP server behind a bad network."""

import asyncio
import ctypes
import gc
import os
import random
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise

import pytest

from edged.messages import Cause
from edged.node.vitals import Vitals
from tests.camera.watching import Watched, watched
from tests.rigs.cameras import StartRtsp
from tests.rigs.faults import BadNetwork
from tests.rigs.rtp import damaged, dropped

FAULTS = int(os.environ.get("EDGED_FAULTS", "6"))
STALL = 1.0
NOTICED = STALL + 1.0  # besides the timeout: a busy machine's second


@asynccontextmanager
async def behind_a_bad_network(
    rtsp_server: StartRtsp, fps: int = 10, **settings: object
) -> AsyncIterator[tuple[BadNetwork, Watched]]:
    server = rtsp_server(fps=fps)
    async with BadNetwork(server.port) as network:
        url = f"rtsp://127.0.0.1:{network.port}/live"
        async with watched(url, transport="tcp", stall_timeout=STALL, open_timeout=1.5, **settings) as watch:
            yield network, watch


async def back(watch: Watched) -> float:
    """Seconds until there are pictures again."""
    began = time.monotonic()
    await watch.state("running")
    await watch.frames(2)
    return time.monotonic() - began


def answer(reply: bytes) -> Callable[[BadNetwork], None]:
    return lambda network: network.say(reply)


async def test_each_fault_is_noticed_named_and_got_over(rtsp_server):
    """With the cause when the picture is lost, and that of trying again for as long as the fault lasts; side by side to save time."""
    faults: list[tuple[Callable[[BadNetwork], object], Cause, Cause | None]] = [
        (BadNetwork.hold, "stalled", "timeout"),
        (BadNetwork.vanish, "stalled", "timeout"),
        (BadNetwork.reset, "ended", None),
        (BadNetwork.shut, "ended", None),
        (BadNetwork.refuse, "ended", "ended"),
        (answer(b"RTSP/1.0 404 Not Found\r\n%CSEQ%\r\n\r\n"), "ended", "not_found"),
        (answer(b"RTSP/1.0 503 Service Unavailable\r\n%CSEQ%\r\n\r\n"), "ended", "unreachable"),
        (answer(b"HTTP/1.1 200 OK\r\n\r\n<html>"), "ended", "timeout"),
    ]
    async with asyncio.TaskGroup() as tasks:
        for fault in faults:
            tasks.create_task(got_over(rtsp_server, *fault))


async def got_over(
    rtsp_server: StartRtsp, what: Callable[[BadNetwork], object], at_once: Cause, later: Cause | None
) -> None:
    async with behind_a_bad_network(rtsp_server) as (network, watch):
        await watch.frames(3)
        before = watch.camera.session
        begun = what(network)
        if isinstance(begun, Awaitable):
            await begun
        began = time.monotonic()
        cause, detail = await watch.state("stalled" if at_once == "stalled" else "retrying")
        assert time.monotonic() - began < NOTICED
        assert cause == at_once
        assert f"127.0.0.1:{network.port}" in detail
        if later:
            assert f"127.0.0.1:{network.port}" in await watch.cause(later)
        if what is BadNetwork.vanish:
            await network.come_back()
        network.heal()
        assert await back(watch) < 6
        assert watch.camera.session != before


@pytest.mark.parametrize(
    ("reply", "cause"),
    [
        (b"RTSP/1.0 404 Not Found\r\n%CSEQ%\r\n\r\n", "not_found"),
        (b"RTSP/1.0 503 Service Unavailable\r\n%CSEQ%\r\n\r\n", "unreachable"),
        (b"RTSP/1.0 401 Unauthorized\r\n%CSEQ%\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\r\n", "auth"),
        (b"", "timeout"),
    ],
    ids=["404", "503", "401", "nothing"],
)  # fmt: skip
async def test_each_wrong_answer_has_a_cause_of_its_own(reply, cause):
    async with BadNetwork(9) as network:
        network.answer = reply
        async with watched(f"rtsp://127.0.0.1:{network.port}/live", open_timeout=0.5) as watch:
            assert (await watch.state("retrying"))[0] == cause


async def test_a_camera_that_refuses_the_password_is_not_hammered():
    async with BadNetwork(9) as network:
        network.answer = b'RTSP/1.0 401 Unauthorized\r\n%CSEQ%\r\nWWW-Authenticate: Basic realm="x"\r\n\r\n'
        url = f"rtsp://bob:hush@127.0.0.1:{network.port}/live"
        async with watched(url, retry_min=0.01, retry_max=0.02) as watch:
            await watch.state("retrying")
            tries = network.connections
            await asyncio.sleep(1.0)
            assert network.connections == tries
            assert watch.camera.facts().retry_in > 25


async def test_lost_packets_cost_pictures_and_not_the_session(rtsp_server):
    async with behind_a_bad_network(rtsp_server) as (network, watch):
        await watch.frames(3)
        session = watch.camera.session
        network.change = dropped(seed=7, share=0.3)
        await watch.frames(8)
        network.heal()
        await watch.frames(3)
        assert watch.camera.session == session
        assert len(watch.states) == 2


async def test_a_slow_network_is_late_and_not_lost(rtsp_server):
    async with behind_a_bad_network(rtsp_server) as (network, watch):
        await watch.frames(2)
        session = watch.camera.session
        network.delay = 0.3
        await watch.frames(10)
        network.delay = 0.0
        await watch.frames(5)
        assert watch.camera.session == session


async def test_damaged_packets_are_counted_and_the_picture_goes_on(rtsp_server):
    async with behind_a_bad_network(rtsp_server) as (network, watch):
        await watch.frames(3)
        network.change = damaged(seed=7)
        before = watch.camera.facts().corrupt
        async with asyncio.timeout(20):
            while watch.camera.facts().corrupt < before + 3:
                await watch.changed_or_frame()
        network.heal()
        await back(watch)


async def test_a_second_camera_loses_nothing_meanwhile(rtsp_server, clips):
    good = rtsp_server()
    async with behind_a_bad_network(rtsp_server) as (network, watch), watched(good.url, transport="tcp") as other:
        await watch.frames(2)
        await other.frames(2)
        reader = other.camera.outlet.ring.reader()
        seen = []
        for fault in (network.hold, network.reset, network.refuse, network.shut):
            fault()
            until = time.monotonic() + 1.0
            while time.monotonic() < until:
                seen += await reader.units()
            network.heal()
        assert {unit.session for unit in seen} == {other.camera.session}
        assert all(b.seq == a.seq + 1 and b.pts - a.pts == 9000 for a, b in pairwise(seen))
        assert len(seen) >= 38
        assert reader.dropped == 0


@pytest.mark.timeout(120 + 10 * FAULTS)
async def test_many_faults_in_a_row_leave_nothing_behind(rtsp_server, clips):
    """`EDGED_FAULTS=500` tries five hundred, and then weighs the memory too; `python -m bench.faults` does it to a whole daemon."""
    chance = random.Random(4711)
    others = [rtsp_server(clip).port for clip in (clips.hevc, clips.jpegs)]
    async with behind_a_bad_network(rtsp_server, retry_min=0.05, retry_max=0.1) as (network, watch):
        await back(watch)
        ports = [network.behind, *others]
        network.behind = chance.choice(ports)
        begun, settled = Belongings.now(), 0
        for number in range(FAULTS):
            if number == FAULTS // 5:
                settled = memory()
            fault = chance.choice(
                (
                    network.reset,
                    network.shut,
                    network.refuse,
                    network.hold,
                    lambda: network.say(b"RTSP/1.0 404 No\r\n\r\n"),
                )
            )
            network.behind = chance.choice(ports)
            fault()
            await watch.state("stalled" if fault == network.hold else "retrying")
            network.heal()
            await back(watch)
        async with asyncio.timeout(10):
            while Belongings.now().exceeds(begun):
                await asyncio.sleep(0.1)
        assert watch.camera.facts().lingering == 0
        if FAULTS >= 100:
            assert memory() - settled < 1_000_000


@dataclass(frozen=True)
class Belongings:
    threads: int
    tasks: int
    handles: int

    @classmethod
    def now(cls) -> "Belongings":
        return cls(threading.active_count(), len(asyncio.all_tasks()), len(os.listdir("/proc/self/fd")))  # noqa: PTH208

    def exceeds(self, other: "Belongings") -> bool:
        # a connection of the proxy more or less is the test's own
        return self.threads > other.threads or self.tasks > other.tasks + 2 or self.handles > other.handles + 2


def memory() -> int:
    """Resident bytes, without what the allocator only holds on to."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return Vitals.rss()
