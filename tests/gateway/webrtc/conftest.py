from collections.abc import AsyncIterator

import pytest

from tests.gateway.conftest import World, a_world
from tests.rigs.nats import NatsServer


@pytest.fixture
async def world(nats_server: NatsServer) -> AsyncIterator[World]:
    async with a_world(nats_server) as world:
        await world.node.add("front")
        await world.node.healthy()
        await world.until("/api/cameras", lambda found: found["total"] == 1)
        yield world
