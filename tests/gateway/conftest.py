import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, ClientTimeout

from edged import config
from edged.bus.bus import open_bus
from edged.gateway.app import serve
from tests.rigs import clips, faces
from tests.rigs.broadcast import Broadcast, broadcasting
from tests.rigs.nats import NatsServer
from tests.rigs.node import Node, keeping_history, running_node

LIVE = {"bf": "0", "g": "60", "preset": "ultrafast", "tune": "zerolatency"}


@dataclass
class World:
    """A gateway in front of a node; `http` asks the gateway."""

    nats: NatsServer
    node: Node
    http: ClientSession
    url: str

    async def get(self, path: str, status: int = 200, /, **params: Any) -> Any:
        return await self.ask("GET", path, status, params=params)

    async def ask(self, method: str, path: str, status: int = 200, **said: Any) -> Any:
        async with self.http.request(method, path, **said) as response:
            assert response.status == status, await response.text()
            return await response.json() if response.content_type == "application/json" else await response.read()

    async def until_answered(self, path: str) -> None:
        async with asyncio.timeout(10):
            while (await self.http.get(path)).status == 503:
                await asyncio.sleep(0.01)

    async def until(self, path: str, true: Callable[[Any], bool]) -> Any:
        """What `path` says once it is so; NATS takes a moment to bring the news."""
        async with asyncio.timeout(10):
            while not true(found := await self.get(path)):
                await asyncio.sleep(0.01)
        return found


def settings(auth: str = "", worker: str = "", webrtc: config.WebRtc | None = None, **gateway: Any) -> config.Config:
    return config.Config(
        gateway=config.Gateway(port=0, **gateway),
        auth=config.Auth(api_key=auth, worker_token=worker),
        webrtc=webrtc or config.WebRtc(),
    )


@asynccontextmanager
async def a_world(nats_server: NatsServer, **more: Any) -> AsyncIterator[World]:
    """`more` is for `settings`."""
    async with (
        running_node(nats_server.url) as node,
        open_bus(config.Nats(), nats_server.url, "gateway") as bus,
        serve(bus, settings(**more)) as served,
        ClientSession(served.url, timeout=ClientTimeout(20)) as http,
    ):
        yield World(nats_server, node, http, served.url)


@pytest.fixture
async def world(nats_server: NatsServer) -> AsyncIterator[World]:
    """One camera, `front`, of the node home.edge, which was heard."""
    async with a_world(nats_server) as world:
        await world.node.add("front", lines=(config.Line(id="door", points=((0.1, 0.5), (0.9, 0.5))),))
        await world.node.healthy()
        await world.until("/api/cameras", lambda found: found["total"] == 1)
        await world.until("/api/health", lambda found: found["nodes"])
        yield world


@pytest.fixture
async def kept(world: World, tmp_path: Path) -> AsyncIterator[World]:
    """The same with a history."""
    settings = config.Config(time_zone="Europe/Berlin", counters=(config.Counter(id="shop", lines=("front.door",)),))
    async with keeping_history(world.node, tmp_path / "state", settings):
        await world.until_answered("/api/alerts")
        yield world


@pytest.fixture
async def peopled(world: World, tmp_path: Path) -> AsyncIterator[World]:
    """The same with a gallery, and a recogniser of drawn faces."""
    home = tmp_path / "state"
    faces.add_drawn_models(home / "models")
    async with keeping_history(world.node, home, handlers=("people", "faces", "history")):
        await world.until_answered("/api/faces")
        await world.until_answered("/api/alerts")
        yield world


@pytest.fixture(scope="session")
def live_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight seconds at 15 fps, with a key frame every four."""
    return clips.write(
        tmp_path_factory.mktemp("clips") / "live.mp4", "libx264", "yuv420p", count=120, fps=15, options=LIVE
    )


@pytest.fixture
async def broadcast(world: World, live_clip: Path) -> AsyncIterator[Broadcast]:
    """Video of `front`."""
    async with broadcasting(world.node.bus.link, world.node.address("front"), live_clip) as broadcast:
        yield broadcast
