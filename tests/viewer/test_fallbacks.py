"""The viewer goes down to the next way when one is killed, says so, and climbs again when it is back."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
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


async def test_a_direct_url_is_shown_first_and_left_when_it_is_gone(
    page: Page, tmp_path: Path, pedestrians: Path, daemon: Daemon
) -> None:
    """Another edged is the WHEP server of the first one's camera."""
    (tmp_path / "second").mkdir()
    direct = f"whep+{daemon.url}/whep/walkway"
    async with running_daemon(tmp_path / "second", camera("near", pedestrians, direct=direct)) as second:
        await second.until_status("near", "running")
        await page.goto(second.url)
        badge = page.locator(".tile .transport")
        await expect(badge).to_have_text("WebRTC", timeout=20_000)
        title = await badge.get_attribute("title")
        assert title is not None
        assert title.startswith("No direct: 127.0.0.1:")
    await asyncio.sleep(0)
