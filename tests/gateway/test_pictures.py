import asyncio
from typing import Any

import msgspec
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from tests.gateway.conftest import World, a_world
from tests.rigs.nats import NatsServer
from tests.rigs.node import JPEG

WS = "/api/realtime/pictures"
STREAM = "/api/media/mjpeg"


async def seen(ws: ClientWebSocketResponse) -> tuple[Any, bytes]:
    """The next picture: (head, JPEG)."""
    message = await ws.receive(timeout=8)
    assert message.type is WSMsgType.BINARY, message
    length = int.from_bytes(message.data[:4], "big")
    return msgspec.json.decode(message.data[4 : 4 + length]), message.data[4 + length :]


async def test_the_newest_frame_is_one_request_away(world: World) -> None:
    world.node.show("front", 90_000)
    async with world.http.get("/api/cameras/front/picture.jpg?width=320&quality=50") as response:
        assert (response.status, response.content_type) == (200, "image/jpeg")
        assert (response.headers["X-Session"], response.headers["X-Pts"]) == ("s1", "90000")
        assert response.headers["X-Time"].endswith("Z")
        assert response.headers["Cache-Control"] == "no-store"
        assert await response.read() == JPEG + b"90000"
    assert (world.node.pictures[-1].width, world.node.pictures[-1].quality) == (320, 50)


async def test_a_camera_without_a_picture_says_so(world: World) -> None:
    error = (await world.get("/api/cameras/front/picture.jpg", 503))["error"]
    assert "front" in error["message"]
    await world.get("/api/cameras/none/picture.jpg", 404)
    await world.get("/api/cameras/front/picture.jpg", 400, quality=101)


async def test_pictures_come_newest_first_and_only_while_they_are_shown(world: World) -> None:
    async with world.http.ws_connect(WS) as ws:
        world.node.show("front", 1)
        await ws.send_json({"watch": {"front": {"width": 320, "fps": 10}}})
        head, jpeg = await seen(ws)
        assert jpeg == JPEG + b"1"
        assert head["camera"] == "home.edge.front"
        assert (head["session"], head["pts"], head["width"], head["height"]) == ("s1", 1, 640, 360)
        world.node.show("front", 2)
        assert (await seen(ws))[0]["pts"] == 2
        # two are on their way; what comes now is passed over until one was shown
        for pts in (3, 4, 5):
            world.node.show("front", pts)
        await ws.send_json({"shown": "home.edge.front"})
        assert (await seen(ws))[0]["pts"] == 5
        await ws.send_json({"shown": "front"})
        world.node.show("front", 1, session="s2")
        assert (await seen(ws))[0]["session"] == "s2"


async def test_viewers_of_the_same_size_share_one_pull(world: World) -> None:
    world.node.show("front", 1)
    async with world.http.ws_connect(WS) as one, world.http.ws_connect(WS) as two:
        for ws in (one, two):
            await ws.send_json({"watch": {"front": {"width": 320}}})
            assert (await seen(ws))[0]["pts"] == 1
        assert (await world.get("/api/health"))["gateway"]["picture_feeds"] == 1
        world.node.show("front", 2)
        assert [(await seen(ws))[0]["pts"] for ws in (one, two)] == [2, 2]
        await two.send_json({"watch": {"front": {"width": 200}}})
        await world.until("/api/health", lambda found: found["gateway"]["picture_feeds"] == 2)
        await two.send_json({"watch": {}})
        await world.until("/api/health", lambda found: found["gateway"]["picture_feeds"] == 1)


async def test_nobody_watching_asks_for_nothing(world: World) -> None:
    world.node.show("front", 1)
    assert world.node.pictures == []
    async with world.http.ws_connect(WS) as ws:
        await ws.send_json({"watch": {"front": {}}})
        await seen(ws)
    await world.until("/api/health", lambda found: found["gateway"]["picture_feeds"] == 0)
    asked = len(world.node.pictures)
    for pts in range(2, 12):
        world.node.show("front", pts)
        await world.get("/api/health")
    assert len(world.node.pictures) == asked


async def test_the_gateways_limits_hold(nats_server: NatsServer) -> None:
    async with a_world(nats_server, mjpeg_width=400, mjpeg_quality=60) as world:
        await world.node.add("front")
        world.node.show("front", 1)
        async with world.http.ws_connect(WS) as ws:
            await world.until("/api/cameras", lambda found: found["total"] == 1)
            await ws.send_json({"watch": {"front": {"width": 4000, "quality": 95}}})
            await seen(ws)
        assert (world.node.pictures[-1].width, world.node.pictures[-1].quality) == (400, 60)


async def test_a_camera_that_cannot_be_shown_says_why_and_comes_back(world: World) -> None:
    async with world.http.ws_connect(WS) as ws:
        await ws.send_json({"watch": {"front": {}, "nowhere": {}}})
        head, jpeg = await seen(ws)
        assert (head["camera"], head["error"]["code"], jpeg) == ("nowhere", "not_found", b"")
        head, _ = await seen(ws)
        assert (head["camera"], head["error"]["code"]) == ("home.edge.front", "unavailable")
        assert "no new picture" in head["error"]["message"]
        world.node.show("front", 7)
        assert (await seen(ws))[0]["pts"] == 7


@pytest.mark.parametrize("said", ["{", '{"wach": {}}', '{"watch": {"front": {"fps": -1}}}'])
async def test_what_is_not_understood_closes_with_a_reason(world: World, said: str) -> None:
    async with world.http.ws_connect(WS) as ws:
        await ws.send_str(said)
        closed = await ws.receive(timeout=5)
        assert (closed.type, closed.data) == (WSMsgType.CLOSE, 1008)
        assert "not understood" in closed.extra


@pytest.mark.parametrize("where", ["/api/media/mjpeg?camera=front&fps=10", "/stream/clean/front?fps=10"])
async def test_a_stream_is_parts_that_name_their_frame(world: World, where: str) -> None:
    world.node.show("front", 3)
    async with world.http.get(where) as response:
        assert response.content_type == "multipart/x-mixed-replace"
        boundary = b"--picture"
        assert await response.content.readuntil(b"\r\n") == boundary + b"\r\n"
        head = await response.content.readuntil(b"\r\n\r\n")
        assert b"X-Session: s1\r\n" in head
        assert b"X-Pts: 3\r\n" in head
        assert await response.content.readuntil(boundary) == JPEG + b"3\r\n" + boundary
        world.node.show("front", 4)
        assert b"X-Pts: 4" in await response.content.readuntil(b"\r\n\r\n")
    await world.until("/api/health", lambda found: found["gateway"]["mjpeg_clients"] == 0)
    await world.until("/api/health", lambda found: found["gateway"]["picture_feeds"] == 0)


async def test_a_stream_of_nothing_is_an_error(world: World) -> None:
    assert (await world.get(STREAM, 503, camera="front"))["error"]["code"] == "unavailable"
    await world.get(STREAM, 404, camera="nowhere")
    await world.get("/stream/clean/nowhere", 404)
    await world.get("/stream/clean/front", 400, fps=-1)
    assert "camera" in (await world.get(STREAM, 400))["error"]["message"]


async def test_over_the_limit_a_stream_is_told_when_to_ask_again(nats_server: NatsServer) -> None:
    async with a_world(nats_server, mjpeg_clients=1) as world:
        await world.node.add("front")
        world.node.show("front", 3)
        await world.until("/api/cameras", lambda found: found["total"] == 1)
        async with (
            world.http.get(STREAM, params={"camera": "front"}),
            world.http.get(STREAM, params={"camera": "front"}) as second,
        ):
            assert (second.status, second.headers["Retry-After"]) == (503, "5")
            assert "mjpeg_clients" in (await second.json())["error"]["message"]
        async with asyncio.timeout(5):
            while (await world.get("/api/health"))["gateway"]["mjpeg_clients"]:
                await asyncio.sleep(0.01)
        async with world.http.get(STREAM, params={"camera": "front"}) as third:
            assert third.status == 200
