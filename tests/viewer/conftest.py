import asyncio
import os
import shlex
import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, BrowserContext, Page, ViewportSize, async_playwright

from edged import shipped

CHROMIUM = "/usr/bin/chromium"


# One browser and one gateway for all of these tests: each takes a second or more to start.
shared = pytest_asyncio.fixture(scope="package", loop_scope="package")


@shared
async def browser() -> AsyncIterator[Browser]:
    if not os.path.exists(CHROMIUM):
        pytest.skip(f"no browser at {CHROMIUM}: install the package chromium")
    async with async_playwright() as playwright:
        yield await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


@pytest_asyncio.fixture(loop_scope="package")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    room: ViewportSize = {"width": 1440, "height": 900}
    async with await browser.new_context(viewport=room, color_scheme="dark", reduced_motion="reduce") as context:
        yield context


@pytest_asyncio.fixture(loop_scope="package")
async def page(context: BrowserContext) -> AsyncIterator[Page]:
    """A page on which an error in our scripts fails the test."""
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert errors == []


@shared
async def files_url() -> AsyncIterator[str]:
    """The viewer's files alone, without a gateway."""
    app = web.Application()
    app.router.add_static("/", shipped.path("web-static"))
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@shared
async def edged_url() -> AsyncIterator[str]:
    """A gateway with at least one camera on which boxes are seen. EDGED_DEV_GATEWAY is a command that takes `--port`."""
    command = os.environ.get("EDGED_DEV_GATEWAY")
    if not command:
        pytest.skip("EDGED_DEV_GATEWAY names no gateway to look at")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(*shlex.split(command), "--port", str(port))
    url = f"http://127.0.0.1:{port}"
    try:
        await answering(url)
        yield url
    finally:
        process.terminate()
        await process.wait()


@pytest.fixture
def camera_url() -> str:
    """A camera that is not there yet, and that the gateway may add."""
    return os.environ.get("EDGED_DEV_CAMERA", "rtsp://good.example/vtest")


async def answering(url: str) -> None:
    async with asyncio.timeout(30), aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"{url}/api/health"):
                    return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.1)
