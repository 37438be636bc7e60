"""Every route, a new one too, is told what makes no sense: it answers at once, as docs/gateway.md says, and nothing stays behind."""

import asyncio
import gzip
import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest
from aiohttp import ClientSession, ClientTimeout, TCPConnector
from yarl import URL

from edged import config
from edged.gateway.routes import ROUTES, Route
from tests.gateway.conftest import World, a_world
from tests.gateway.levels import settled, steady
from tests.rigs.broadcast import broadcasting
from tests.rigs.nats import running_nats
from tests.rigs.node import keeping_history

LONG = "x" * 6000
WORDS = (
    "", " ", "nowhere", "..", "../../etc/passwd", "%", "\0", "\r\nX-Injected: 1", "*", ">", "-1", "1e999", "[]", "☃", "9" * 400, LONG,
)  # fmt: skip
VALID = {"camera": "front", "session": "front_1", "alert": "a1", "key": "home/edge/front/a1.jpg", "report": "counts"}
DEEP = 20_000
BODIES = (
    b"", b"\0\xff\xfe" * 50, b"{", b"null", b"[]", b'"text"', b"1e999999", b'{"":{"":1}}', b"{}{}", b'{"camera":"\\ud800\\u0000"}',
    b"[" * DEEP, b'{"a":' * DEEP + b"1" + b"}" * DEEP, b"x" * 80_000,
)  # fmt: skip
VALUES = (None, True, -1, 1e308, 10**400, "", LONG, "\0", "2026-99-99T99:99:99Z", [[]], {"a": {}})
BOMB = gzip.compress(bytes(30_000_000))
DONE = {200, 201, 204, 206}
ERRORS = {
    400: {"invalid"}, 401: {"login"}, 403: {"forbidden"}, 404: {"not_found"}, 405: {"method_not_allowed"},
    409: {"ambiguous", "exists", "early"}, 412: {"precondition"}, 413: {"too_large"}, 415: {"media_type"}, 416: {"invalid"},
    422: {"no_face", "several_faces", "unusable_face"},
    428: {"precondition"}, 429: {"limit"}, 503: {"unavailable", "limit"},
}  # fmt: skip
LISTED = [route for route in ROUTES if route.listed]
OFTEN = config.WebRtc(offers_per_minute=1_000_000)
ANSWERING = ("history", "email", "webhook", "alerts", "people", "faces")
# what only a node with mails or webhooks answers
UNANSWERED = {"/api/deliveries/email/test", "/api/deliveries/webhooks/{webhook}/test"}
PATIENCE = ClientTimeout(10)


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    body: bytes | None = None
    kind: str = "application/json"
    coding: str = ""


def place(route: Route, **words: str) -> str:
    return re.sub(r"{(\w+)(?::[^}]*)?}", lambda found: words.get(found[1], VALID.get(found[1], "1")), route.path)


def garbled(route: Route) -> Iterator[Asked]:
    """Requests in which one thing each makes no sense."""
    plain = b"{}" if route.body else None
    for name in re.findall(r"{(\w+)", route.path):
        for word in WORDS:
            yield Asked(route.method, place(route, **{name: quote(word, safe="")}), plain)
    for name in [*(field.encode_name for field in msgspec.structs.fields(route.query)), "unheard-of"]:
        for word in WORDS:
            yield Asked(route.method, f"{place(route)}?{name}={quote(word)}", plain)
    if route.method == "GET":
        return
    kind = route.takes[0] if route.takes else "application/json"
    for body in BODIES:
        yield Asked(route.method, place(route), body, kind)
    for coded in (b"this is not gzip", BOMB):
        yield Asked(route.method, place(route), coded, kind, "gzip")
    yield Asked(route.method, place(route), b"{}", "text/plain; charset=nonsense")
    if route.body is None:
        return
    fields = msgspec.structs.fields(route.body)
    whole = {field.encode_name: VALID.get(field.encode_name, "1") for field in fields if field.required}
    for name in (field.encode_name for field in fields):
        for value in VALUES:
            yield Asked(route.method, place(route), json.dumps(whole | {name: value}).encode())


@pytest.fixture
async def world(tmp_path: Path, live_clip: Path) -> AsyncIterator[World]:
    """Everything there is to ask for: a camera with pictures and video, a history, a Janus that is away."""
    async with running_nats(tmp_path / "nats") as nats, a_world(nats, webrtc=OFTEN) as world:
        await world.node.add("front")
        await world.node.healthy()
        world.node.show("front", 1)
        async with (
            keeping_history(world.node, tmp_path / "state", handlers=ANSWERING),
            broadcasting(world.node.bus.link, world.node.address("front"), live_clip),
        ):
            await world.until_answered("/api/alerts")
            await world.until_answered("/api/rules")
            await world.until_answered("/api/identities")
            await world.until("/api/cameras", lambda found: found["total"] == 1)
            # the first fact makes the subscription that hears of all of them
            await world.ask("POST", "/api/alerts", 201, json={"cameraId": "front", "rule": "r", "message": "first"})
            yield world


async def complaint(http: ClientSession, asked: Asked) -> str:
    """What is wrong with the answer; empty when nothing is."""
    headers = {"Content-Type": asked.kind} if asked.body is not None else {}
    if asked.coding:
        headers["Content-Encoding"] = asked.coding
    url = URL(f"{http._base_url}".rstrip("/") + asked.path, encoded=True)
    async with http.request(asked.method, url, data=asked.body, headers=headers, allow_redirects=False) as reply:
        if "X-Injected" in reply.headers:
            return "a header was injected"
        if reply.status in DONE:
            return ""
        if reply.content_type != "application/json":
            return f"{reply.status} {reply.content_type} {(await reply.text())[:100]}"
        error = (await reply.json())["error"]
        if error["code"] not in ERRORS.get(reply.status, ()) or len(error["message"]) > 1000:
            return f"{reply.status} {error['code']}: {error['message'][:200]}"
    return ""


async def complaints(http: ClientSession, route: Route) -> dict[str, str]:
    """About one route. Where nobody answers for it, no more is asked: each such request waits for somebody."""
    wrong = {}
    for asked in garbled(route):
        if found := await complaint(http, asked):
            wrong[f"{asked.method} {asked.path[:100]} {asked.kind} {asked.coding} {(asked.body or b'')[:40]!r}"] = found
        if "503 unanswered" in found:
            break
    return wrong


@pytest.mark.parametrize("method", sorted({route.method for route in LISTED}))
async def test_every_route_answers_garbage_with_an_error_that_is_documented(world: World, method: str) -> None:
    before = await steady()
    routes = [route for route in LISTED if route.method == method and route.path not in UNANSWERED]
    async with ClientSession(world.url, timeout=PATIENCE, connector=TCPConnector(force_close=True)) as http:
        wrong = await asyncio.gather(*(complaints(http, route) for route in routes))
    assert [each for each in wrong if each] == []
    await let_go(world)
    await settled(before)


async def let_go(world: World) -> None:
    """Of the sessions that were begun; else each ends by itself when its viewer does not come."""
    for session in (await world.get("/api/streams/status"))["sessions"]:
        await world.ask("DELETE", f"/api/webrtc/session/{session['session']}", 204)
