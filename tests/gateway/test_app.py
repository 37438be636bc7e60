import asyncio
import signal
import socket

import pytest
from aiohttp import ClientSession, ClientTimeout

from edged import config
from edged.bus.bus import open_bus
from edged.gateway.app import GatewayError, serve
from tests.gateway.conftest import World, settings
from tests.rigs.nats import NatsServer
from tests.rigs.node import detections, running_node
from tests.rigs.silent import silent_client


async def test_a_port_in_use_is_one_sentence(nats_server: NatsServer) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        wanted = config.Config(gateway=config.Gateway(port=port))
        async with open_bus(config.Nats(), nats_server.url, "test") as bus:
            with pytest.raises(GatewayError, match=rf"port {port} is in use.*gateway\.port"):
                async with serve(bus, wanted):
                    pass


async def test_the_gateway_ends_quickly_whoever_is_connected(nats_server: NatsServer) -> None:
    async with (
        running_node(nats_server.url) as node,
        open_bus(config.Nats(), nats_server.url, "gateway") as bus,
        ClientSession(timeout=ClientTimeout(20)) as http,
    ):
        await node.add("front")
        node.show("front", 1)
        async with serve(bus, settings()) as gateway:
            live = await http.ws_connect(f"{gateway.url}/api/realtime/ws")
            pictures = await http.ws_connect(f"{gateway.url}/api/realtime/pictures")
            await pictures.send_json({"watch": {"front": {}}})
            await pictures.receive()
            stream = await http.get(f"{gateway.url}/api/media/mjpeg?camera=front")
            assert stream.status == 200
            began = asyncio.get_running_loop().time()
        took = asyncio.get_running_loop().time() - began
        assert (await live.receive()).data == 1001
        stream.close()
        await live.close()
        await pictures.close()
    assert took < 1.0
    assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]


async def test_the_troubles_of_a_box_show_in_health_until_they_are_over(world: World) -> None:
    await world.node.healthy(troubles=("the disk of /var/lib/edged is full",))
    detail = await world.until("/api/health", lambda found: found["status"] == "degraded")
    assert detail["causes"] == ["node home.edge: the disk of /var/lib/edged is full"]
    assert (await world.get("/health", 503))["causes"] == detail["causes"]
    await world.node.healthy()
    await world.until("/api/health", lambda found: found["status"] == "ok")


async def test_a_broken_broker_shows_in_health_and_heals(world: World) -> None:
    assert await world.get("/healthz") == {"status": "ok"}
    await world.nats.stop(signal.SIGKILL)
    async with asyncio.timeout(10):
        while (await world.http.get("/health")).status == 200:
            await asyncio.sleep(0.01)
    word = await world.get("/health", 503)
    assert word["status"] == "degraded"
    assert "nats-server" in word["causes"][0]
    error = (await world.ask("POST", "/api/cameras/front/stop", 503))["error"]
    assert error["message"]
    assert (await world.get("/api/cameras"))["total"] == 1
    detail = await world.get("/api/health")
    assert detail["bus"]["connected"] is False
    await world.nats.start()
    async with asyncio.timeout(20):
        while (await world.http.get("/health")).status == 503:
            await asyncio.sleep(0.05)
            await world.node.healthy()
    assert (await world.get("/api/health"))["bus"]["connected"] is True


async def test_health_tells_how_everything_does(world: World) -> None:
    health = await world.get("/api/health")
    assert (health["status"], health["causes"]) == ("ok", [])
    assert health["bus"]["connected"]
    assert health["bus"]["url"] == world.nats.url
    assert health["bus"]["server"].count(".") == 2
    assert [node["node"] for node in health["nodes"]] == ["edge"]
    assert health["gateway"]["websocket_clients"] == 0


async def test_without_a_node_health_says_what_to_look_at(nats_server: NatsServer) -> None:
    async with (
        open_bus(config.Nats(), nats_server.url, "gateway") as bus,
        serve(bus, settings()) as gateway,
        ClientSession(gateway.url) as http,
        http.get("/health") as response,
    ):
        assert response.status == 503
        assert "no node heard" in (await response.json())["causes"][0]


async def test_clients_that_do_not_read_hold_up_nothing_at_the_end(nats_server: NatsServer) -> None:
    async with running_node(nats_server.url) as node, open_bus(config.Nats(), nats_server.url, "gateway") as bus:
        padding = detections(node.address("front"), model="x" * 500_000)
        async with serve(bus, settings()) as gateway, ClientSession(gateway.url) as http:
            stuck = await silent_client(gateway.url)
            async with http.ws_connect("/api/realtime/ws", params={"kinds": "detections"}, max_msg_size=0) as ws:
                for _ in range(20):
                    await node.bus.link.publish(padding)
                    await ws.receive(timeout=5)
            began = asyncio.get_running_loop().time()
        took = asyncio.get_running_loop().time() - began
        stuck.close()
    assert took < 1.0
