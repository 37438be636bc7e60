"""What is no HTTP, and what is no message of a WebSocket: the client is told and let go, the others notice nothing."""

import asyncio
import base64
import os
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType

from edged.gateway.routes import ROUTES, WEBSOCKET
from tests.gateway.conftest import World, a_world
from tests.gateway.levels import settled, steady
from tests.rigs.broadcast import Broadcast
from tests.rigs.nats import NatsServer

SOCKETS = [route.path for route in ROUTES if route.reply == WEBSOCKET and route.path != "/janus"]
TEXTS = [
    "", "{", "null", "[]", "[" * 20_000, '{"type":"dance"}', '{"type":"answer","sdp":"v=0"}', '{"type":"answer","sdp":5}',
    '{"type":"candidate","candidate":{"candidate":"candidate:x"}}', '{"type":"candidate","candidate":{"sdpMLineIndex":1e99}}',
    '{"watch":{"":{}}}', '{"watch":{"front":{"fps":-1}}}', '{"watch":{"' + "x" * 60_000 + '":{}}}', '{"shown":"nothing"}',
]  # fmt: skip
CODES = {1000, 1002, 1003, 1007, 1008, 1009}  # RFC 6455, section 7.4.1; never 1011: that would be our fault


@pytest.fixture
async def world(nats_server: NatsServer) -> AsyncIterator[World]:
    """With a heart that beats fast: what aiohttp keeps of a socket goes with the next beat."""
    async with a_world(nats_server, heartbeat=0.5) as world:
        await world.node.add("front")
        await world.node.healthy()
        await world.until("/api/cameras", lambda found: found["total"] == 1)
        yield world


async def path(world: World, route: str) -> str:
    if "{session}" not in route:
        return route
    made = await world.ask("POST", "/api/webrtc/stream/front", 201)
    return route.replace("{session}", str(made["session"]))


async def end_sessions(world: World) -> None:
    for session in (await world.get("/api/streams/status"))["sessions"]:
        await world.ask("DELETE", f"/api/webrtc/session/{session['session']}", 204)


async def fate(ws: ClientWebSocketResponse) -> int:
    """The code it was closed with, or 0 when it goes on: it answers a ping, after what it had to say."""
    await ws.ping(b"still there?")
    while True:
        message = await ws.receive(timeout=5)
        match message.type:
            case WSMsgType.CLOSE | WSMsgType.CLOSING | WSMsgType.CLOSED:
                return ws.close_code or 0
            case WSMsgType.PONG:
                return 0


@pytest.mark.parametrize("route", SOCKETS)
async def test_messages_that_make_no_sense_close_a_socket_with_a_reason_or_do_nothing(
    world: World, broadcast: Broadcast, route: str
) -> None:
    before = await steady()
    where = await path(world, route)
    fates = {}
    for text in TEXTS:
        async with world.http.ws_connect(where, autoping=False) as ws:
            await ws.send_str(text)
            fates[text[:60]] = await fate(ws)
        async with world.http.ws_connect(where, autoping=False) as ws:
            await ws.send_bytes(text.encode())
            fates[f"bytes {text[:60]}"] = await fate(ws)
    async with world.http.ws_connect(where, autoping=False) as ws:
        await ws.send_str("x" * 70_000)
        assert await fate(ws) == 1009
    assert set(fates.values()) <= CODES | {0}, fates
    await end_sessions(world)
    await world.until("/api/health", lambda found: found["gateway"]["websocket_clients"] == 0)
    await settled(before)


def framed(first: int, payload: bytes, mask: bool = True, length: int | None = None) -> bytes:
    """RFC 6455, section 5.2; `length` may lie."""
    size = len(payload) if length is None else length
    head = bytes([first]) + struct.pack("!BQ", (0x80 if mask else 0) | 127, size)
    return head + (bytes(4) if mask else b"") + payload


FRAMES = {
    "without a mask": framed(0x81, b"{}", mask=False),
    "reserved bits": framed(0xF1, b"{}"),
    "unknown opcode": framed(0x8B, b"{}"),
    "not UTF-8": framed(0x81, b"\xff\xfe"),
    "a ping in pieces": framed(0x09, b"x"),
    "a ping too long": framed(0x89, b"x" * 300),
    "goes on with nothing": framed(0x80, b"x"),
    "larger than memory": framed(0x81, b"x", length=2**62),
    "a close code that is none": framed(0x88, b"\0\1"),
    "half a frame": framed(0x81, b"{", length=100),
    "pings without end": framed(0x89, b"x") * 5000,
    "noise": bytes(range(256)) * 200,
}


@asynccontextmanager
async def raw(world: World) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    parts = urlsplit(world.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def ended(reader: asyncio.StreamReader) -> bytes:
    """What was said until the connection ended, in whichever way."""
    said = b""
    try:
        while data := await reader.read(65536):
            said += data
    except ConnectionResetError:
        pass
    return said


@pytest.mark.parametrize("route", ["/api/realtime/ws", "/api/realtime/pictures"])
async def test_frames_that_break_the_protocol_end_their_connection_and_no_other(world: World, route: str) -> None:
    before = await steady()
    key = base64.b64encode(os.urandom(16)).decode()
    handshake = (
        f"GET {route} HTTP/1.1\r\nHost: {urlsplit(world.url).netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    )

    async def say(frames: bytes) -> None:
        async with raw(world) as (reader, writer), asyncio.timeout(8):
            writer.write(handshake.encode())
            assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
            writer.write(frames)
            writer.write_eof()
            await ended(reader)

    async with world.http.ws_connect(route, autoping=False) as bystander:
        await asyncio.gather(*(say(frames) for frames in FRAMES.values()))
        assert await fate(bystander) == 0
    await world.until("/api/health", lambda found: found["gateway"]["websocket_clients"] == 0)
    await settled(before)


HOST = b"Host: 127.0.0.1\r\n"
NO_HTTP = {
    "noise": bytes(range(256)) * 100,
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "no version": b"GET /health\r\n\r\n",
    "a method that is none": b"G\0T /health HTTP/1.1\r\n" + HOST + b"\r\n",
    "a path without end": b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "a header without end": b"GET /health HTTP/1.1\r\n" + HOST + b"X: " + b"x" * 100_000 + b"\r\n\r\n",
    "headers without end": b"GET /health HTTP/1.1\r\n" + HOST + b"X: x\r\n" * 20_000 + b"\r\n",
    "a length that is none": b"POST /webrtc/offer HTTP/1.1\r\n" + HOST + b"Content-Length: many\r\n\r\n{}",
    "two lengths": b"POST /webrtc/offer HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "a chunk that is none": b"POST /webrtc/offer HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "less than announced": b"POST /webrtc/offer HTTP/1.1\r\n" + HOST + b"Content-Length: 100\r\n\r\n{}",
    "more than one may send": b"POST /webrtc/offer HTTP/1.1\r\n" + HOST + b"Content-Length: 5000000\r\n\r\n" + b"x" * 5_000_000,
}  # fmt: skip


async def test_what_is_no_http_is_refused_and_its_connection_closed(world: World) -> None:
    before = await steady()
    answers = {}
    for name, said in NO_HTTP.items():
        async with raw(world) as (reader, writer), asyncio.timeout(10):
            writer.write(said)
            writer.write_eof()
            answers[name] = await ended(reader)
        await world.get("/api/health")
    status = {name: answer.split(b" ", 2)[1].decode() for name, answer in answers.items() if answer}
    assert set(status.values()) <= {"400", "403", "404", "413", "414", "431"}, status
    assert not any(b"Traceback" in answer for answer in answers.values())
    await settled(before)
