import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, BrowserContext, Page, ViewportSize, async_playwright

from edged import shipped
from tests.rigs.daemon import camera, running_daemon

CHROMIUM = shutil.which("chromium")


# One browser and one gateway for all of these tests: each takes a second or more to start.
shared = pytest_asyncio.fixture(scope="package", loop_scope="package")


@shared
async def browser() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium here: install the package chromium")
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
async def edged_url(tmp_path_factory: pytest.TempPathFactory, pedestrians: Path) -> AsyncIterator[str]:
    """The viewer of a daemon with a camera on which people walk, and one that is not there."""
    allowed = f'[from_api]\nfile_dirs = ["{pedestrians.parent}"]\n[[alerts]]\nname = "somebody"\nsuppress = 3\n'
    config = camera("walkway", pedestrians, name="Walkway") + allowed
    async with running_daemon(tmp_path_factory.mktemp("viewer"), config) as daemon:
        await daemon.until_status("walkway", "running")
        yield daemon.url


@pytest.fixture
def camera_url(pedestrians: Path) -> str:
    """A camera that is not there yet, and that the gateway may add."""
    return str(pedestrians)
