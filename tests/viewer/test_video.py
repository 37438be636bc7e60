"""Video in Chromium, through every way of signalling, and the boxes on it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from edged.asking import VideoMeta
from edged.bus.link import Refused
from edged.messages import Track
from tests.gateway.conftest import World, a_world
from tests.rigs import clips
from tests.rigs.broadcast import Broadcast, broadcasting
from tests.rigs.nats import running_nats
from tests.rigs.node import detections
from tests.viewer.players import WAYS, heard, nals, play

pytestmark = pytest.mark.asyncio(loop_scope="package")

FPS = 15
LIVE = {"bf": "0", "g": "60", "preset": "ultrafast", "tune": "zerolatency"}


@dataclass
class Show:
    world: World
    video: Broadcast

    async def sessions(self, count: int) -> list[Any]:
        found = await self.world.until("/api/streams/status", lambda found: len(found["sessions"]) == count)
        return list(found["sessions"])


@asynccontextmanager
async def showing(folder: Path, **settings: Any) -> AsyncIterator[Show]:
    clip = clips.write(folder / "live.mp4", "libx264", "yuv420p", count=240, fps=FPS, options=LIVE)
    async with running_nats(folder / "nats") as nats, a_world(nats, **settings) as world:
        await world.node.add("front")
        await world.node.healthy()
        await world.until("/api/cameras", lambda found: found["total"] == 1)
        async with broadcasting(world.node.bus.link, world.node.address("front"), clip, FPS) as video:
            beating = asyncio.create_task(health(world, video))
            yield Show(world, video)
            beating.cancel()


async def health(world: World, video: Broadcast) -> None:
    while True:
        await world.node.healthy()
        await world.node.healthy("front", session=video.session)
        await asyncio.sleep(1)


@pytest_asyncio.fixture(loop_scope="package")
async def show(tmp_path: Path) -> AsyncIterator[Show]:
    async with showing(tmp_path) as show:
        yield show


def number_shown_by(show: Show) -> Any:
    """Detections of every frame whose one box says the frame's number: its left is number modulo 200, in 1/250 of the width."""

    async def tell(meta: VideoMeta) -> None:
        track = Track(id=1, label="person", score=0.9, box=((meta.seq % 200) / 250, 0.3, 0.15, 0.4), age=1)
        await asyncio.sleep(0.02)
        found = detections(
            show.world.node.address("front"), session=meta.session, seq=meta.seq, pts=meta.pts, tracks=(track,)
        )
        await show.world.node.bus.link.publish(found)

    return tell


@pytest.mark.parametrize("way", WAYS)
async def test_chromium_plays_through_every_way_of_signalling_and_gets_the_cameras_bytes(
    page: Page, show: Show, way: str
) -> None:
    played = await play(page, show.world.url, way, "front", 30)
    assert (played.session, played.width, played.height) == ("front_1", 320, 240)
    assert len({frame["rtp"] for frame in played.shown}) == 30
    status = await show.world.get("/api/streams/status")
    [session] = status["sessions"]
    assert (session["session"], session["camera"], session["state"]) == ("front_1", "home.edge.front", "connected")
    assert session["sent"] >= 30
    assert [(video["camera"], video["viewers"]) for video in status["videos"]] == [("home.edge.front", 1)]

    got = await heard(page)
    sent = [nals(unit) for unit in show.video.sent]
    first = sent.index(got[0])
    assert len(got) >= 30
    assert got == sent[first : first + len(got)]

    if way == "socket":
        assert "connected" in await page.evaluate("() => states")
    if way == "whep":
        patched = await page.evaluate("() => patched")
        assert set(patched) == {204}
    await page.evaluate("() => end()")
    await show.sessions(0)


async def test_a_size_that_changes_in_the_middle_is_shown_in_the_same_session(
    page: Page, show: Show, tmp_path: Path
) -> None:
    larger = clips.write(
        tmp_path / "larger.mp4",
        "libx264",
        "yuv420p",
        count=60,
        fps=FPS,
        width=640,
        height=480,
        options={**LIVE, "g": "15"},
    )
    await play(page, show.world.url, "stream", "front", 10)
    show.video.change(larger, (640, 480))
    frames = await page.evaluate("() => framesShown(video, 60, 10000)")
    sizes = [(frame["width"], frame["height"]) for frame in frames]
    assert sizes[-1] == (640, 480)
    assert sizes == sorted(sizes), "it changes once"
    [session] = await show.sessions(1)
    assert (session["session"], session["dropped"]) == ("front_1", 0)


async def test_a_tile_shows_video_with_the_boxes_of_the_very_frame(page: Page, show: Show) -> None:
    show.video.beside = number_shown_by(show)
    await page.goto(show.world.url)
    tile = page.locator(".tile")
    await expect(tile.locator(".transport")).to_have_text("WebRTC", timeout=10_000)
    await expect(tile.locator(".exactness")).to_have_text("exact", timeout=15_000)
    assert show.world.node.pictures == []
    await page.goto("about:blank")
    await show.sessions(0)


async def test_without_video_there_are_pictures_and_the_badge_says_why(page: Page, show: Show) -> None:
    show.video.refusal = Refused("unavailable", "camera front has no video today")
    await page.goto(show.world.url)
    tile = page.locator(".tile")
    await expect(tile.locator(".transport")).to_have_attribute(
        "title", "No WebRTC: camera front has no video today", timeout=10_000
    )
    async with asyncio.timeout(10):
        while not show.world.node.pictures:
            await asyncio.sleep(0.05)
    show.video.refusal = None
    await expect(tile.locator(".transport")).to_have_text("WebRTC", timeout=15_000)
