"""The gateway in front of a real Janus, and in front of one that is gone."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, WSMsgType

from edged import config
from edged.bus.bus import open_bus
from edged.gateway.app import serve
from tests.rigs.janus import SECRET, Janus, running_janus
from tests.rigs.nats import NatsServer
from tests.rigs.node import running_node

PLUGIN = "janus.plugin.streaming"


@asynccontextmanager
async def gateway(nats: NatsServer, janus: config.Janus, key: str = "") -> AsyncIterator[ClientSession]:
    settings = config.Config(gateway=config.Gateway(port=0), janus=janus, auth=config.Auth(api_key=key))
    async with (
        open_bus(config.Nats(), nats.url, "gateway") as bus,
        serve(bus, settings) as served,
        ClientSession(served.url) as http,
    ):
        yield http


@pytest.fixture
async def janus(tmp_path: Path) -> AsyncIterator[Janus]:
    async with running_janus(tmp_path / "janus", "front") as janus:
        yield janus


async def say(http: ClientSession, path: str, status: int = 200, **said: Any) -> Any:
    async with http.post(path, json={"transaction": "t", **said}) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json()


async def test_the_http_api_lists_mountpoints_and_brings_events(nats_server: NatsServer, janus: Janus) -> None:
    async with gateway(nats_server, janus.settings) as http:
        async with http.get("/janus/info") as info:
            assert (await info.json())["name"] == "Janus WebRTC Server"
        session = (await say(http, "/janus", janus="create"))["data"]["id"]
        handle = (await say(http, f"/janus/{session}", janus="attach", plugin=PLUGIN))["data"]["id"]
        listed = await say(http, f"/janus/{session}/{handle}", janus="message", body={"request": "list"})
        assert [each["description"] for each in listed["plugindata"]["data"]["list"]] == ["front"]
        await say(http, f"/janus/{session}/{handle}", janus="message", body={"request": "watch", "id": 1})
        async with http.get(f"/janus/{session}", params={"maxev": "1"}) as event:
            assert (await event.json())["jsep"]["type"] == "offer"


async def test_the_websocket_api_goes_through_with_its_subprotocol(nats_server: NatsServer, janus: Janus) -> None:
    async with (
        gateway(nats_server, janus.settings) as http,
        http.ws_connect("/janus", protocols=("janus-protocol",)) as ws,
    ):
        assert ws.protocol == "janus-protocol"
        await ws.send_json({"janus": "create", "transaction": "a"})
        assert (await ws.receive_json())["janus"] == "success"
        await ws.send_json({"janus": "attach", "plugin": "janus.plugin.echotest", "transaction": "b"})
        assert await ws.receive_json() == {
            "janus": "error", "transaction": "b",
            "error": {"code": 403, "reason": f"'janus.plugin.echotest' is not passed on to Janus: attach to {PLUGIN}"},
        }  # fmt: skip
        await ws.send_str("{")
        message = await ws.receive()
        assert (message.type, message.data) == (WSMsgType.CLOSE, 1008)


async def test_a_viewer_may_not_make_mountpoints_or_see_the_secret(nats_server: NatsServer, janus: Janus) -> None:
    async with gateway(nats_server, janus.settings) as http:
        session = (await say(http, "/janus", janus="create"))["data"]["id"]
        handle = (await say(http, f"/janus/{session}", janus="attach", plugin=PLUGIN))["data"]["id"]
        refused = await say(
            http, f"/janus/{session}/{handle}", 403, janus="message", body={"request": "destroy", "id": 1}
        )
        assert SECRET not in str(refused)


async def test_the_login_of_the_gateway_holds_here_too(nats_server: NatsServer) -> None:
    nowhere = config.Janus(url="http://127.0.0.1:1/janus", ws_url="ws://127.0.0.1:1")
    async with gateway(nats_server, nowhere, key="k") as http:
        await say(http, "/janus", 401, janus="create")
        async with http.post("/janus", json={"janus": "create"}, headers={"x-api-key": "k"}) as answer:
            assert answer.status == 502


async def test_a_janus_that_is_gone_is_said(nats_server: NatsServer) -> None:
    nowhere = config.Janus(url="http://127.0.0.1:1/janus", ws_url="ws://127.0.0.1:1")
    async with gateway(nats_server, nowhere) as http:
        assert "is it running" in (await say(http, "/janus", 502, janus="create"))["error"]["message"]
        async with http.ws_connect("/janus") as ws:
            message = await ws.receive()
            assert (message.type, message.data) == (WSMsgType.CLOSE, 1013)
            assert "is it running" in message.extra


async def test_nothing_is_there_unless_configured_and_nowhere_else_is_reached(nats_server: NatsServer) -> None:
    async with gateway(nats_server, config.Janus()) as http:
        assert "janus.url" in (await say(http, "/janus", 404, janus="create"))["error"]["message"]
        for path in ("/janus/../admin", "/janus/admin", "/janus/1/2/3", "/janus//evil", "/janus/http://evil"):
            async with http.post(path, json={"janus": "create"}) as answer:
                assert answer.status in (404, 405), path


async def test_garbage_and_too_much_are_refused(nats_server: NatsServer, janus: Janus) -> None:
    async with gateway(nats_server, janus.settings) as http:
        for body, status in ((b"{", 400), (b"[]", 403), (b"x" * 1_100_000, 413)):
            async with http.post("/janus", data=io.BytesIO(body)) as answer:
                assert answer.status == status


async def test_a_camera_that_hides_faces_is_not_shown_by_janus(nats_server: NatsServer) -> None:
    """What Janus has may come from the camera itself."""
    nowhere = config.Janus(url="http://127.0.0.1:1/janus", ws_url="ws://127.0.0.1:1")
    async with gateway(nats_server, nowhere) as http, running_node(nats_server.url) as node:
        await node.add("open")
        await node.add("hidden", recognition=config.Recognised(blur=True))
        ways: dict[str, list[str]] = {}
        async with asyncio.timeout(10):
            while len(ways) < 2:
                async with http.get("/api/cameras") as answer:
                    ways = {view["id"]: view["ways"] for view in (await answer.json())["cameras"]}
    assert ways == {"open": ["janus", "webrtc"], "hidden": ["webrtc"]}
