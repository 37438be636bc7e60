"""What one peer is sent when it cannot follow."""

import asyncio
import os
from dataclasses import replace

import pytest

from tests.gateway.conftest import World
from tests.gateway.webrtc.test_peer import play, player
from tests.gateway.webrtc.test_signalling import sessions
from tests.rigs.broadcast import Broadcast

FILLER = b"\0\0\1\x0c" + b"\xff" * 16_000 + b"\x80"
GROUP = 60  # frames from key frame to key frame


async def test_a_peer_too_far_behind_goes_on_with_a_key_frame_and_misses_nothing_after_it(
    world: World, broadcast: Broadcast
) -> None:
    broadcast.paused = True
    small = broadcast.units
    broadcast.restart("s2")
    broadcast.units = [replace(unit, data=unit.data + FILLER) for unit in small]
    for _ in range(55):
        await broadcast.step()
    async with player() as viewer:
        await play(world, viewer)
        await viewer.until(1)  # of a picture group that takes a while to send
        broadcast.units = small
        for _ in range(200):
            await broadcast.step()
        async with asyncio.timeout(10):
            while not viewer.whole or viewer.pts(viewer.whole[-1]) != 254 * 6000:
                viewer.changed.clear()
                await viewer.changed.wait()
        dropped = (await world.get("/api/streams/status"))["sessions"][0]["dropped"]
        after = [pts // 6000 for time in viewer.whole if (pts := viewer.pts(time)) is not None and pts > 54 * 6000]
    assert after[0] % GROUP == 0
    assert after == list(range(after[0], 255))
    assert dropped == after[0] - 55
    assert len(after) <= 90 + GROUP, "no older than it must be"


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
