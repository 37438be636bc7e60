from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gateway.conftest import World, a_world
from tests.rigs import clips
from tests.rigs.broadcast import Broadcast, broadcasting
from tests.rigs.nats import NatsServer

LIVE = {"bf": "0", "g": "60", "preset": "ultrafast", "tune": "zerolatency"}


@pytest.fixture(scope="session")
def live_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight seconds at 15 fps, with a key frame every four."""
    return clips.write(
        tmp_path_factory.mktemp("clips") / "live.mp4", "libx264", "yuv420p", count=120, fps=15, options=LIVE
    )


@pytest.fixture
async def world(nats_server: NatsServer) -> AsyncIterator[World]:
    async with a_world(nats_server) as world:
        await world.node.add("front")
        await world.node.healthy()
        await world.until("/api/cameras", lambda found: found["total"] == 1)
        yield world


@pytest.fixture
async def broadcast(world: World, live_clip: Path) -> AsyncIterator[Broadcast]:
    """Video of `front`."""
    async with broadcasting(world.node.bus.link, world.node.address("front"), live_clip) as broadcast:
        yield broadcast
