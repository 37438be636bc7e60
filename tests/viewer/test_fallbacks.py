"""The viewer goes down to the next way when one is killed, says so, and climbs again when it is back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Page, WebSocketRoute, expect

from tests.rigs.daemon import Daemon, camera, running_daemon
from tests.rigs.janus import SECRET, Janus, running_janus

pytestmark = [pytest.mark.asyncio(loop_scope="package"), pytest.mark.timeout(180)]

PATIENCE = 60_000  # ms; a way that failed often is tried every 30 s


@pytest_asyncio.fixture(loop_scope="package")
async def janus(tmp_path: Path) -> AsyncIterator[Janus]:
    async with running_janus(tmp_path / "janus", "walkway") as janus:
        yield janus


@pytest_asyncio.fixture(loop_scope="package")
async def daemon(tmp_path: Path, pedestrians: Path, janus: Janus) -> AsyncIterator[Daemon]:
    config = (
        camera("walkway", pedestrians)
        + f'[[publish]]\ncamera = "walkway"\nurl = "rtp://127.0.0.1:{janus.mountpoints["walkway"]}"\n'
        + f'[janus]\nurl = "{janus.settings.url}"\nws_url = "{janus.settings.ws_url}"\nsecret = "{SECRET}"\n'
    )
    async with running_daemon(tmp_path, config) as daemon:
        await daemon.until_status("walkway", "running")
        yield daemon


class Sockets:
    """The page's WebSockets for messages and pictures, which can be cut."""

    def __init__(self) -> None:
        self.cut = False
        self._open: list[WebSocketRoute] = []

    async def route(self, socket: WebSocketRoute) -> None:
        if self.cut:
            await socket.close()
            return
        socket.connect_to_server()
        self._open.append(socket)

    async def kill(self) -> None:
        self.cut = True
        for socket in self._open:
            await socket.close()


async def end_sessions(url: str) -> None:
    async with aiohttp.ClientSession(url) as http:
        async with http.get("/api/streams/status") as reply:
            sessions = (await reply.json())["sessions"]
        for session in sessions:
            await http.delete(f"/api/webrtc/session/{session['session']}")


async def test_janus_then_webrtc_then_the_websocket_die_and_come_back(page: Page, daemon: Daemon, janus: Janus) -> None:
    sockets = Sockets()
    await page.route_web_socket("**/api/realtime/*", sockets.route)
    await page.goto(daemon.url)
    badge = page.locator(".tile .transport")
    await expect(badge).to_have_text("Janus", timeout=20_000)
    await expect(badge).to_have_attribute("title", "")

    await janus.kill()
    await expect(badge).to_have_text("WebRTC", timeout=20_000)
    await expect(badge).to_have_attribute("title", "No Janus: Janus closed the connection")

    await page.route("**/api/webrtc/**", lambda route: route.abort())
    await end_sessions(daemon.url)
    await expect(badge).to_have_text("WS pictures", timeout=20_000)
    title = await badge.get_attribute("title")
    assert title is not None
    assert [line.partition(":")[0] for line in title.splitlines()] == ["No Janus", "No WebRTC"]

    await sockets.kill()
    await expect(badge).to_have_text("MJPEG", timeout=20_000)

    sockets.cut = False
    await expect(badge).to_have_text("WS pictures", timeout=PATIENCE)
    await page.unroute("**/api/webrtc/**")
    await expect(badge).to_have_text("WebRTC", timeout=PATIENCE)
    await janus.start()
    await expect(badge).to_have_text("Janus", timeout=PATIENCE)
    await expect(badge).to_have_attribute("title", "")


@dataclass
class MediaServer:
    """A WHEP server that pages of other sites may use; behind it is an edged."""

    behind: str
    url: str = ""
    there: bool = True

    async def play(self, request: web.Request) -> web.Response:
        allowed = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "content-type"}
        if not self.there:
            return web.Response(status=503, headers=allowed)
        if request.method == "OPTIONS":
            return web.Response(headers=allowed)
        async with aiohttp.ClientSession() as http:
            offer = {"data": await request.read(), "headers": {"Content-Type": "application/sdp"}}
            async with http.post(f"{self.behind}/whep/walkway", **offer) as reply:
                return web.Response(
                    status=reply.status, text=await reply.text(), content_type="application/sdp", headers=allowed
                )


@asynccontextmanager
async def media_server(behind: str) -> AsyncIterator[MediaServer]:
    server = MediaServer(behind)
    app = web.Application()
    app.router.add_route("*", "/whep", server.play)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"whep+http://127.0.0.1:{runner.addresses[0][1]}/whep"
    try:
        yield server
    finally:
        await runner.cleanup()


async def test_a_direct_url_is_shown_first_and_again_once_it_is_back(
    page: Page, tmp_path: Path, pedestrians: Path, daemon: Daemon
) -> None:
    (tmp_path / "near").mkdir()
    async with (
        media_server(daemon.url) as server,
        running_daemon(tmp_path / "near", camera("near", pedestrians, direct=server.url)) as near,
    ):
        await near.until_status("near", "running")
        await page.goto(near.url)
        badge = page.locator(".tile .transport")
        await expect(badge).to_have_text("direct", timeout=20_000)
        server.there = False
        await end_sessions(daemon.url)
        await expect(badge).to_have_text("WebRTC", timeout=20_000)
        title = await badge.get_attribute("title")
        assert title is not None
        assert title.startswith("No direct: ")
        server.there = True
        await expect(badge).to_have_text("direct", timeout=PATIENCE)
