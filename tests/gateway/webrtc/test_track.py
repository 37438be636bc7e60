"""What one peer is sent when it cannot follow."""

import asyncio
import os
from datetime import UTC, datetime

import pytest

from edged.asking import VideoMeta
from edged.gateway.webrtc.feed import Feed
from edged.gateway.webrtc.track import Passthrough
from edged.gateway.webrtc.units import Unit
from edged.subjects import Address
from tests.gateway.conftest import World
from tests.gateway.webrtc.test_peer import play, player
from tests.gateway.webrtc.test_signalling import sessions
from tests.rigs.broadcast import Broadcast

GROUP = 30


def unit(number: int) -> Unit:
    meta = VideoMeta(
        session="s", seq=number, pts=3000 * number, time=datetime.now(UTC), key=number % GROUP == 0, codec="h264",
        width=320, height=240,
    )  # fmt: skip
    return Unit(meta, number.to_bytes(4, "big"), meta.pts)


async def test_a_peer_too_far_behind_goes_on_with_a_key_frame_and_misses_nothing_after_it(world: World) -> None:
    feed = Feed(world.node.bus.link, Address("home", "edge", "front"))
    track = Passthrough(feed, lambda meta, time: None)
    feed.gop.append(unit(0))
    await track.recv()
    for number in range(1, 200):
        track.push(unit(number))
    got = [int.from_bytes(bytes(await track.recv()), "big") for _ in range(20)]
    assert got[0] % GROUP == 0
    assert got == list(range(got[0], got[0] + 20))
    assert 199 - got[0] <= 90 + GROUP, "no older than it must be"
    assert track.dropped == got[0] - 1
    track.stop()


@pytest.mark.skipif("EDGED_LONG" not in os.environ, reason="half a minute: set EDGED_LONG=1")
async def test_a_peer_that_died_is_let_go_and_the_others_saw_all_of_it(world: World, broadcast: Broadcast) -> None:
    async with player() as dead, player() as alive:
        await play(world, dead)
        await play(world, alive)
        await dead.until(10)
        for transceiver in dead.pc.getTransceivers():
            for protocol in transceiver.receiver.transport.transport._connection._protocols:
                protocol.transport.abort()
        count = len(alive.whole)
        found = (await world.get("/api/streams/status"))["sessions"]
        assert [session["session"] for session in found] == ["front_1", "front_2"]
        async with asyncio.timeout(60):
            while len(found := (await world.get("/api/streams/status"))["sessions"]) == 2:
                await asyncio.sleep(0.2)
        assert [session["session"] for session in found] == ["front_2"]
        await alive.until(count + 100)
        assert found[0]["dropped"] == 0
    await sessions(world, 0)
