"""The grid against a running gateway."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

pytestmark = pytest.mark.asyncio(loop_scope="package")

# The share of pixels that differ from the first one; and of those that are not transparent.
PICTURE = """(shown) => {
  let canvas = shown;
  if (shown.tagName === "VIDEO") {
    canvas = document.createElement("canvas");
    canvas.width = shown.videoWidth;
    canvas.height = shown.videoHeight;
    if (!canvas.width) return 0;
    canvas.getContext("2d").drawImage(shown, 0, 0);
  }
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let other = 0;
  for (let at = 0; at < data.length; at += 4) if (Math.abs(data[at] - data[0]) > 8) other++;
  return (other * 4) / data.length;
}"""
OVERLAY = """(canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let drawn = 0;
  for (let at = 3; at < data.length; at += 4) if (data[at]) drawn++;
  return drawn;
}"""
BROKEN = "rtsp://127.0.0.1:9/none"


@pytest_asyncio.fixture(loop_scope="package", autouse=True)
async def tidy(edged_url: str) -> AsyncIterator[None]:
    """Takes away what a test added."""
    async with aiohttp.ClientSession(edged_url) as session:

        async def keys() -> set[str]:
            async with session.get("/api/cameras") as reply:
                return {camera["key"] for camera in (await reply.json())["cameras"]}

        before = await keys()
        yield
        for key in await keys() - before:
            await session.delete(f"/api/cameras/{key}")


async def first(page: Page) -> Locator:
    """The first tile that runs."""
    running = page.locator('.tile[data-tone="live"]').first
    await expect(running).to_be_visible(timeout=20_000)
    return page.locator(f'.tile[data-camera="{await running.get_attribute("data-camera")}"]')


async def drawn(tile: Locator, canvas: str, measure: str, least: float) -> None:
    """Waits until `measure` of the canvas is more than `least`."""
    async with asyncio.timeout(20):
        while not await tile.locator(canvas).evaluate(measure) > least:
            await tile.page.evaluate("new Promise(requestAnimationFrame)")


async def add(page: Page, url: str, name: str) -> Locator:
    await page.get_by_role("button", name="Add", exact=True).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("URL").fill(url)
    await dialog.get_by_label("Name").fill(name)
    await dialog.get_by_role("button", name="Add", exact=True).click()
    await expect(dialog).to_have_count(0)
    return page.locator(".tile", has_text=name)


async def test_a_tile_shows_the_picture_and_boxes_that_belong_to_it(page: Page, edged_url: str) -> None:
    await page.goto(edged_url)
    tile = await first(page)
    await drawn(tile, "video", PICTURE, 0.2)
    await drawn(tile, ".overlay", OVERLAY, 50)
    await expect(tile.locator(".exactness")).to_have_text("exact", timeout=15_000)
    await expect(tile.locator(".transport")).to_have_text("WebRTC")


async def test_without_webrtc_pictures_come_with_boxes_that_belong_to_them(page: Page, edged_url: str) -> None:
    await page.add_init_script("delete globalThis.RTCPeerConnection")
    await page.goto(edged_url)
    tile = await first(page)
    await drawn(tile, ".picture", PICTURE, 0.2)
    await drawn(tile, ".overlay", OVERLAY, 50)
    await expect(tile.locator(".exactness")).to_have_text("exact", timeout=15_000)
    await expect(tile.locator(".transport")).to_have_text("WS pictures")


async def test_b_takes_the_boxes_away_and_brings_them_back(page: Page, edged_url: str) -> None:
    await page.goto(edged_url)
    tile = await first(page)
    await drawn(tile, ".overlay", OVERLAY, 50)
    await page.keyboard.press("b")
    await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert await tile.locator(".overlay").evaluate(OVERLAY) == 0
    await page.keyboard.press("b")
    await drawn(tile, ".overlay", OVERLAY, 50)


async def test_a_camera_is_added_by_its_url(page: Page, edged_url: str, camera_url: str) -> None:
    await page.goto(edged_url)
    await first(page)
    tile = await add(page, camera_url, "Side door")
    await expect(tile.locator(".state")).to_have_text("running", timeout=15_000)


async def test_a_wrong_url_shows_its_cause_on_the_tile(page: Page, edged_url: str) -> None:
    await page.goto(edged_url)
    await first(page)
    tile = await add(page, BROKEN, "Nowhere")
    await expect(tile.locator(".state")).to_contain_text("connection refused", timeout=5_000)
    await expect(tile.locator(".notice")).to_contain_text("refuses")


async def test_the_form_says_at_the_field_what_is_wrong_and_keeps_what_was_typed(page: Page, edged_url: str) -> None:
    await page.goto(edged_url)
    await page.get_by_role("button", name="Add", exact=True).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("URL").fill(BROKEN)
    await dialog.get_by_role("button", name="Test").click()
    await expect(dialog.locator(".field.bad small")).to_contain_text("refuses", timeout=15_000)
    await page.keyboard.press("Escape")
    await page.keyboard.press("a")
    await expect(page.get_by_role("dialog").get_by_label("URL")).to_have_value(BROKEN)


async def test_a_camera_is_stopped_and_started(page: Page, edged_url: str) -> None:
    await page.goto(edged_url)
    tile = await first(page)
    await tile.hover()
    await tile.locator(".controls").get_by_role("button", name="Stop").click()
    await expect(tile.locator(".state")).to_have_text("stopped", timeout=10_000)
    await tile.locator(".controls").get_by_role("button", name="Start").click()
    await expect(tile.locator(".state")).to_have_text("running", timeout=15_000)


async def test_a_removed_camera_comes_back_when_it_is_undone(page: Page, edged_url: str) -> None:
    await page.goto(edged_url)
    tile = await first(page)
    before = await page.locator(".tile").count()
    await tile.hover()
    await tile.locator(".controls").get_by_role("button", name="Remove").click()
    await expect(page.locator(".tile")).to_have_count(before - 1)
    await page.get_by_role("button", name="Undo").click()
    await expect(page.locator(".tile")).to_have_count(before)


async def test_a_removed_camera_is_gone_once_the_page_is_left(page: Page, edged_url: str) -> None:
    await page.goto(edged_url)
    await first(page)
    tile = await add(page, BROKEN, "Nowhere")
    await tile.hover()
    await tile.locator(".controls").get_by_role("button", name="Remove").click()
    await expect(page.locator(".tile", has_text="Nowhere")).to_have_count(0)
    await page.goto("about:blank")
    await page.goto(edged_url)
    await first(page)
    await expect(page.locator(".tile", has_text="Nowhere")).to_have_count(0)


async def test_everything_on_the_grid_is_reached_by_keyboard(page: Page, edged_url: str) -> None:
    await page.goto(edged_url)
    tile = await first(page)
    name = await tile.locator("h2").inner_text()
    await page.keyboard.press("ArrowRight")
    await expect(page.locator(".tile .stage").first).to_be_focused()
    await tile.locator(".stage").focus()
    await page.keyboard.press("Enter")
    await expect(tile).to_have_class("tile large")
    await page.keyboard.press("Escape")
    await expect(tile).to_have_class("tile")
    await page.keyboard.press("1")
    await expect(page.locator(".tile.large")).to_have_count(1)
    assert "#/live/" in page.url
    await page.go_back()
    await expect(page.locator(".tile.large")).to_have_count(0)
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_contain_text("Full screen")
    await page.keyboard.press("Escape")
    await tile.locator(".stage").focus()
    await page.keyboard.press("Tab")
    await expect(tile.get_by_role("button", name=f"Stop {name}")).to_be_focused()


async def test_a_link_to_a_camera_opens_it(page: Page, edged_url: str) -> None:
    await page.goto(edged_url)
    await first(page)
    await page.keyboard.press("1")
    link = page.url
    await page.goto("about:blank")
    await page.goto(link)
    await expect(page.locator(".tile.large")).to_be_visible(timeout=15_000)


async def test_without_webrtc_and_websockets_pictures_come_as_mjpeg_with_boxes(page: Page, edged_url: str) -> None:
    await page.add_init_script(
        "delete globalThis.RTCPeerConnection; globalThis.WebSocket = class extends WebSocket { constructor() { super('ws://127.0.0.1:9/'); } };"
    )
    await page.goto(edged_url)
    tile = await first(page)
    await expect(tile.locator(".transport")).to_have_text("MJPEG", timeout=15_000)
    await drawn(tile, ".picture", PICTURE, 0.2)
    await drawn(tile, ".overlay", OVERLAY, 50)


async def test_a_lost_connection_is_said_and_found_again(page: Page, edged_url: str) -> None:
    await page.route_web_socket("**/api/realtime/*", lambda socket: socket.close())
    await page.route("**/api/**", lambda route: route.abort())
    await page.goto(edged_url)
    await expect(page.locator(".linkbar")).to_contain_text("No connection")
    await page.unroute("**/api/**")
    await page.get_by_role("button", name="Try now").click()
    await expect(page.locator(".linkbar")).to_be_hidden(timeout=10_000)
    await first(page)
