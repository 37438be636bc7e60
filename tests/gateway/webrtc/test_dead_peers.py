import asyncio
import os

import pytest

from tests.gateway.conftest import World
from tests.gateway.webrtc.test_peer import play, player
from tests.gateway.webrtc.test_signalling import sessions
from tests.rigs.broadcast import Broadcast


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
