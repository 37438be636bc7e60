"""Viewers that come and go a hundred times, politely and not, and those that cannot keep up: nothing is left of them, and nobody waits for them."""

import asyncio
import itertools
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientError, ClientSession, TCPConnector

from edged import config
from tests.gateway.conftest import World, a_world
from tests.gateway.levels import settled, steady
from tests.gateway.webrtc.test_peer import offered, play, player
from tests.rigs.broadcast import Broadcast
from tests.rigs.nats import NatsServer

TIMES = 100
AT_ONCE = 10
STREAM = "/api/media/mjpeg?camera=front"


@pytest.fixture
async def world(nats_server: NatsServer) -> AsyncIterator[World]:
    often = config.WebRtc(offers_per_minute=100_000, sessions=2 * TIMES)
    async with a_world(nats_server, webrtc=often, heartbeat=0.5, mjpeg_clients=2 * TIMES) as world:
        await world.node.add("front")
        await world.node.healthy()
        await world.until("/api/cameras", lambda found: found["total"] == 1)
        yield world


@pytest.fixture
async def shown(world: World) -> AsyncIterator[None]:
    """A picture of the camera, and the next one, and so on."""

    async def show() -> None:
        for pts in itertools.count():
            world.node.show("front", pts)
            await asyncio.sleep(0.03)

    showing = asyncio.create_task(show())
    yield
    showing.cancel()


Visit = Callable[[ClientSession, int], Awaitable[None]]


async def rush(world: World, visit: Visit, times: int) -> None:
    """Visits, ten at once, each with a number."""
    numbers = iter(range(times))

    async def visitor() -> None:
        async with ClientSession(world.url, connector=TCPConnector(force_close=True)) as http:
            for number in numbers:
                await visit(http, number)

    await asyncio.gather(*(visitor() for _ in range(AT_ONCE)))


async def nobody_left(world: World) -> None:
    def none(found: dict[str, dict[str, int]]) -> bool:
        gateway = found["gateway"]
        return not any(gateway[name] for name in ("websocket_clients", "mjpeg_clients", "picture_feeds"))

    await world.until("/api/health", none)


async def rushed(world: World, visit: Visit) -> None:
    """A few, so that everything is there that stays; then a hundred, of which nothing may stay."""
    await rush(world, visit, AT_ONCE)
    await nobody_left(world)
    before = await steady()
    await rush(world, visit, TIMES)
    await nobody_left(world)
    await settled(before)


async def test_a_hundred_sockets_leave_nothing(world: World, shown: None) -> None:
    async def visit(http: ClientSession, number: int) -> None:
        where = ("/api/realtime/ws", "/api/realtime/pictures")[number % 2]
        async with http.ws_connect(where) as ws:
            if number % 2:
                await ws.send_json({"watch": {"front": {"width": 320 + number % 5}}})
                await ws.receive(timeout=8)
            match number % 3:
                case 0:
                    await ws.close()
                case 1:
                    ws._response.connection.transport.abort()  # type: ignore[union-attr]

    await rushed(world, visit)


async def test_a_hundred_streams_of_pictures_leave_nothing(world: World, shown: None) -> None:
    async def visit(http: ClientSession, number: int) -> None:
        try:
            async with asyncio.timeout(None if number % 3 else 0.003), http.get(STREAM) as response:
                await response.content.readany()
        except (TimeoutError, ClientError):
            pass  # one in three hangs up before there is an answer

    await rushed(world, visit)


async def test_a_hundred_webrtc_sessions_leave_nothing(world: World, broadcast: Broadcast) -> None:
    async with player() as viewer:
        offer = {"camera": "front", "sdp": await offered(viewer)}

    async def visit(http: ClientSession, number: int) -> None:
        """Asked for and let go, or given up by who asked before the answer; now and then one that plays."""
        if number % 25 == 0:
            async with player() as viewer:
                await play(world, viewer)
                await viewer.until(3)
            return
        try:
            async with (
                asyncio.timeout(None if number % 4 else 0.003),
                http.post("/webrtc/offer", json=offer) as reply,
            ):
                session = (await reply.json())["session"]
        except (TimeoutError, ClientError):
            return
        if number % 2:
            async with http.delete(f"/api/webrtc/session/{session}") as reply:
                assert reply.status == 204
            return
        async with http.ws_connect(f"/ws/webrtc/{session}") as ws:
            await ws.send_str("goodbye")
            await ws.receive(timeout=5)
        await http.delete(f"/api/webrtc/session/{session}")

    async def no_sessions() -> None:
        """Of those given up too, which end when nobody takes the answer."""
        async with asyncio.timeout(30):
            while (found := await world.get("/api/streams/status"))["sessions"] or found["videos"]:
                await asyncio.sleep(0.1)

    await rush(world, visit, AT_ONCE)
    await no_sessions()
    before = await steady()
    await rush(world, visit, TIMES)
    await no_sessions()
    await settled(before)
    metrics = (await world.get("/metrics")).decode()
    assert "edged_gateway_webrtc_sessions 0.0" in metrics


async def reading_nothing(world: World, path: str, more: str = "") -> socket.socket:
    """A client with hardly any room that asks and then reads nothing."""
    parts = urlsplit(world.url)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, (parts.hostname, parts.port))
    await loop.sock_sendall(client, f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n{more}\r\n".encode())
    return client


async def test_a_stream_nobody_reads_is_held_back_and_the_others_go_on(world: World, shown: None) -> None:
    before = await steady()
    stuck = await reading_nothing(world, STREAM)
    await world.until("/api/health", lambda found: found["gateway"]["mjpeg_clients"] == 1)
    async with world.http.get(STREAM) as response:
        seen: list[bytes] = []
        async with asyncio.timeout(20):
            while len(seen) < 20:
                line = await response.content.readline()
                if line.startswith(b"X-Pts"):
                    seen.append(line)
        assert len(set(seen)) == 20
    stuck.close()
    await nobody_left(world)
    await settled(before)
