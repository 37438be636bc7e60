"""What a camera is sent to in tests: a UDP socket, an RTSP server that records, a WHIP server."""

import asyncio
import hashlib
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.codecs import h264
from aiortc.mediastreams import MediaStreamTrack

from tests.rigs.rtsp import SYSTEM_PYTHON


def digest(unit: bytes) -> str:
    return hashlib.sha256(unit).hexdigest()


@dataclass
class Recorder:
    """An RTSP server at `url`; `got` are the hashes of the access units published there."""

    login: tuple[str, str] = ("", "")
    port: int = 0
    got: list[str] = field(default_factory=list)
    _process: asyncio.subprocess.Process | None = None
    _reading: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        user, password = self.login
        return f"rtsp://{f'{user}:{password}@' if user else ''}127.0.0.1:{self.port}/in"

    async def start(self) -> None:
        script = Path(__file__).with_name("rtsp_recorder.py")
        options = [f"--port={self.port}", f"--user={self.login[0]}", f"--password={self.login[1]}"]
        self._process = await asyncio.create_subprocess_exec(
            SYSTEM_PYTHON, str(script), *options, stdout=asyncio.subprocess.PIPE, stderr=sys.stderr
        )
        assert self._process.stdout
        self.port = int(await self._process.stdout.readline())
        self._reading = asyncio.create_task(self._read(self._process.stdout))

    async def _read(self, lines: asyncio.StreamReader) -> None:
        async for line in lines:
            self.got.append(line.decode().strip())

    async def kill(self) -> None:
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        if self._reading:
            await self._reading


@asynccontextmanager
async def recorder(*login: str) -> AsyncIterator[Recorder]:
    server = Recorder((login[0], login[1]) if login else ("", ""))
    await server.start()
    try:
        yield server
    finally:
        await server.kill()


@dataclass
class WhipServer:
    """At `url`; `offers` it was sent, with their Authorization, and `packets` of H.264 payload it was sent since."""

    token: str
    url: str = ""
    port: int = 0
    offers: list[str] = field(default_factory=list)
    ended: int = 0
    frames: int = 0
    _peers: list[RTCPeerConnection] = field(default_factory=list)
    _watching: set[asyncio.Task[None]] = field(default_factory=set)

    async def offered(self, request: web.Request) -> web.Response:
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.Response(status=401)
        sdp = await request.text()
        self.offers.append(sdp)
        peer = RTCPeerConnection()
        self._peers.append(peer)
        peer.on("track", self._watch)
        await peer.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        await peer.setLocalDescription(await peer.createAnswer())
        answer = web.Response(status=201, text=peer.localDescription.sdp, content_type="application/sdp")
        answer.headers["Location"] = f"/session/{len(self.offers)}"
        return answer

    async def left(self, request: web.Request) -> web.Response:
        self.ended += 1
        return web.Response()

    def _watch(self, track: MediaStreamTrack) -> None:
        task = asyncio.create_task(self._count(track))
        self._watching.add(task)
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _count(self, track: MediaStreamTrack) -> None:
        while True:
            await track.recv()
            self.frames += 1

    async def hang_up(self) -> None:
        for peer in self._peers:
            await peer.close()
        for task in self._watching:
            task.cancel()
        self._peers.clear()


@asynccontextmanager
async def whip_server(token: str = "") -> AsyncIterator[WhipServer]:
    server = WhipServer(token)
    app = web.Application()
    app.router.add_post("/whip", server.offered)
    app.router.add_delete("/session/{id}", server.left)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.port = int(runner.addresses[0][1])
    server.url = f"whip+http://127.0.0.1:{server.port}/whip"
    try:
        yield server
    finally:
        await server.hang_up()
        await runner.cleanup()


class RtpReceiver(asyncio.DatagramProtocol):
    """H.264 over RTP on a UDP port; `got` are the hashes of whole access units."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.port = 0
        self._unit = bytearray()

    def connection_made(self, transport: Any) -> None:
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: Any) -> None:
        _, payload = h264.H264PayloadDescriptor.parse(data[12:])
        self._unit += payload
        if data[1] & 0x80:
            self.got.append(digest(bytes(self._unit)))
            self._unit.clear()


@asynccontextmanager
async def rtp_receiver() -> AsyncIterator[RtpReceiver]:
    transport, receiver = await asyncio.get_running_loop().create_datagram_endpoint(RtpReceiver, ("127.0.0.1", 0))
    try:
        yield receiver
    finally:
        transport.close()
