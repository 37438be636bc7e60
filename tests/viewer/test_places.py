"""Every place, at every width, in both themes."""

import subprocess
from functools import cache
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Browser, Page, expect

pytestmark = pytest.mark.asyncio(loop_scope="package")

PLACES = ["live", "alerts", "fleet", "settings"]
CACHE = Path(__file__).parents[2] / ".cache" / "axe"


@cache
def axe() -> str:
    """The source of axe-core, fetched with npm at the first call; skips where that is not possible."""
    script = CACHE / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        fetch = ["npm", "install", "--silent", "--no-save", "--prefix", str(CACHE), "axe-core@4"]
        try:
            subprocess.run(fetch, check=True, capture_output=True, timeout=60)
        except (OSError, subprocess.SubprocessError) as error:
            pytest.skip(f"axe-core cannot be fetched with npm: {error}")
    return script.read_text()


async def settled(page: Page, place: str) -> None:
    await expect(page.locator(f'.place-link[aria-current="page"][href="#/{place}"]')).to_be_visible()
    await expect(page.locator("main > section:visible")).to_have_count(1)
    if place == "live":
        await expect(page.locator('.tile[data-tone="live"]').first).to_be_visible(timeout=20_000)


@pytest.mark.parametrize("place", PLACES)
async def test_a_phone_never_scrolls_sideways(browser: Browser, edged_url: str, place: str) -> None:
    async with await browser.new_page(viewport={"width": 390, "height": 844}) as page:
        await page.goto(f"{edged_url}/#/{place}")
        await settled(page, place)
        wider = "[document.documentElement, ...document.querySelectorAll('main > section:not([hidden])')].filter((it) => it.scrollWidth > it.clientWidth).length"
        assert await page.evaluate(wider) == 0


@pytest.mark.parametrize("scheme", ["dark", "light"])
async def test_axe_finds_nothing(browser: Browser, edged_url: str, scheme: Literal["dark", "light"]) -> None:
    source = axe()
    async with await browser.new_page(color_scheme=scheme, reduced_motion="reduce") as page:
        await page.goto(edged_url)
        await page.evaluate(source)
        for place in PLACES:
            await page.evaluate(f"location.hash = '#/{place}'")
            await settled(page, place)
            assert await violations(page) == [], place
        await page.keyboard.press("a")
        await expect(page.get_by_role("dialog")).to_be_visible()
        assert await violations(page) == [], "add a camera"


async def violations(page: Page) -> list[str]:
    found = await page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [f"{each['id']}: {node['target']} {node['failureSummary']}" for each in found["violations"] for node in each["nodes"]]


async def test_an_address_nobody_knows_leads_to_live(page: Page, edged_url: str) -> None:
    await page.goto(f"{edged_url}/#/nowhere")
    await settled(page, "live")


async def test_the_chosen_theme_lasts(page: Page, edged_url: str) -> None:
    await page.goto(f"{edged_url}/#/settings")
    await page.get_by_text("Light", exact=True).click()
    await page.reload()
    assert await page.evaluate("document.documentElement.dataset.theme") == "light"
    assert await page.evaluate("getComputedStyle(document.body).colorScheme") == "light"
