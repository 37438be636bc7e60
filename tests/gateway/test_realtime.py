import asyncio
from typing import Any

import msgspec
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from edged.subjects import on
from tests.gateway.conftest import World, a_world
from tests.rigs.nats import NatsServer
from tests.rigs.node import detections
from tests.rigs.silent import silent_client

WS = "/api/realtime/ws"


async def heard(ws: ClientWebSocketResponse) -> Any:
    message = await ws.receive(timeout=5)
    assert message.type is WSMsgType.TEXT, message
    return msgspec.json.decode(message.data)


async def test_messages_pass_through_byte_for_byte(world: World) -> None:
    odd = b'{"type":"detections",  "new_field": [1.50, "\xc3\xbc"], "tracks":[]}'
    async with world.http.ws_connect(WS, params={"kinds": "detections"}, decode_text=False) as ws:
        await world.node.bus.link.nc.publish(on(world.node.address("front"), "detections"), odd)
        message = await ws.receive(timeout=5)
        assert (message.type, message.data) == (WSMsgType.TEXT, odd)


@pytest.mark.parametrize("size", [100, 200, 70_000])
async def test_messages_of_any_length_arrive(world: World, size: int) -> None:
    data = b'{"pad":"' + b"x" * size + b'"}'
    async with world.http.ws_connect(WS, params={"kinds": "detections"}) as ws:
        await world.node.bus.link.nc.publish(on(world.node.address("front"), "detections"), data)
        assert (await ws.receive(timeout=5)).data.encode() == data


async def test_a_client_hears_first_how_cameras_and_nodes_do(world: World) -> None:
    await world.node.healthy("front")
    await world.until("/api/cameras?status=running", lambda found: found["total"] == 1)
    async with world.http.ws_connect(WS) as ws:
        assert {(await heard(ws))["type"], (await heard(ws))["type"]} == {"camera_health", "node_health"}
    async with world.http.ws_connect(WS, params={"camera": "front"}) as ws:
        assert (await heard(ws))["type"] == "camera_health"


async def test_a_client_hears_the_kinds_and_cameras_it_asked_for(world: World) -> None:
    node = world.node
    await node.add("back")
    await world.until("/api/cameras", lambda found: found["total"] == 2)
    async with (
        world.http.ws_connect(WS, params={"kinds": "detections", "camera": "back"}) as back,
        world.http.ws_connect(WS, params={"kinds": "alert", "camera": "front,back"}) as alerts,
        world.http.ws_connect(WS, params={"kinds": "detections,alert"}) as both,
    ):
        await node.bus.link.publish(detections(node.address("front"), 1))
        await node.bus.link.publish(detections(node.address("back"), 2))
        assert [(await heard(both))["seq"] for _ in range(2)] == [1, 2]
        await node.alert("a1")
        assert (await heard(back))["seq"] == 2
        assert (await heard(alerts))["id"] == "a1"
        assert (await heard(both))["id"] == "a1"


async def test_by_default_tracks_are_left_out(world: World) -> None:
    async with world.http.ws_connect(WS) as ws:
        assert (await heard(ws))["type"] == "node_health"
        address = world.node.address("front")
        for kind in ("track", "alert"):
            await world.node.bus.link.nc.publish(on(address, kind), msgspec.json.encode({"kind": kind}))
        assert (await heard(ws))["kind"] == "alert"


@pytest.mark.parametrize(
    ("params", "status", "word"),
    [({"kinds": "video"}, 400, "detections"), ({"camera": "nowhere"}, 404, "nowhere"), ({}, 400, "")],
)
async def test_what_cannot_be_heard_is_refused_before_the_handshake(
    world: World, params: dict[str, str], status: int, word: str
) -> None:
    assert word in (await world.get(WS, status, **params))["error"]["message"]


async def test_the_newest_detections_are_there_to_ask_for(world: World) -> None:
    node = world.node
    for seq in (1, 2):
        await node.bus.link.publish(detections(node.address("front"), seq))
    await node.bus.link.publish(detections(node.address("back"), 3))
    latest = await world.until("/api/realtime/latest", lambda found: len(found["detections"]) == 2)
    assert latest["detections"]["home.edge.front"]["seq"] == 2
    only = (await world.get("/api/realtime/latest", camera="front"))["detections"]
    assert list(only) == ["home.edge.front"]


async def test_a_removed_camera_is_no_longer_in_the_newest(world: World) -> None:
    await world.node.bus.link.publish(detections(world.node.address("front")))
    await world.until("/api/realtime/latest", lambda found: found["detections"])
    await world.ask("DELETE", "/api/cameras/front", 204)
    assert await world.get("/api/realtime/latest") == {"detections": {}}


async def test_over_the_limit_a_client_is_told_to_come_back(nats_server: NatsServer) -> None:
    async with a_world(nats_server, websocket_clients=1) as world:
        async with world.http.ws_connect(WS), world.http.ws_connect(WS) as second:
            closed = await second.receive(timeout=5)
            assert (closed.type, closed.data) == (WSMsgType.CLOSE, 1013)
            assert "1 clients" in closed.extra
        async with asyncio.timeout(5):
            while (await world.get("/api/health"))["gateway"]["websocket_clients"]:
                await asyncio.sleep(0.01)
        async with world.http.ws_connect(WS) as third:
            assert not third.closed
        assert (await world.get("/api/health"))["gateway"]["clients_refused"] == 1


async def test_a_client_that_does_not_read_is_dropped_and_the_others_go_on(nats_server: NatsServer) -> None:
    async with a_world(nats_server, websocket_queue=8) as world:
        await world.node.add("front")
        stuck = await silent_client(world.url)
        padding = detections(world.node.address("front"), model="x" * 200_000)
        async with world.http.ws_connect(WS, params={"kinds": "detections"}) as ws:
            sent = 0
            async with asyncio.timeout(30):
                while not (await world.get("/api/health"))["gateway"]["slow_clients_dropped"]:
                    sent += 1
                    await world.node.bus.link.publish(msgspec.structs.replace(padding, seq=sent))
                    assert (await heard(ws))["seq"] == sent
            await world.node.bus.link.publish(msgspec.structs.replace(padding, seq=0))
            assert (await heard(ws))["seq"] == 0
            await world.until("/api/health", lambda found: found["gateway"]["websocket_clients"] == 1)
            assert b"edged_gateway_websocket_slow_clients_total 1.0" in await world.get("/metrics")
        stuck.close()


async def test_a_dead_client_is_noticed_by_its_missing_heartbeat(nats_server: NatsServer) -> None:
    async with a_world(nats_server, heartbeat=0.2) as world:
        dead = await silent_client(world.url)
        await world.until("/api/health", lambda found: found["gateway"]["websocket_clients"] == 0)
        dead.close()
