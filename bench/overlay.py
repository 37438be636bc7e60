"""`python -m bench.overlay`: how many frames boxes are off the picture, and how soon the first picture is there, in Chromium.

The clip's frames carry their number as a bar code, and the boxes published for them encode it: what the page shows is compared with itself.
"""

import argparse
import asyncio
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Page, async_playwright, expect

from bench.figures import percentile
from bench.results import Row, Section, table
from edged.asking import VideoMeta
from edged.messages import Track
from tests.gateway.conftest import World, a_world
from tests.rigs import clips
from tests.rigs.broadcast import Broadcast, broadcasting
from tests.rigs.nats import running_nats
from tests.rigs.node import detections

FPS = 15
WIDTH, HEIGHT = 640, 360
NUMBERS = 2**clips.BITS
FIRST, STEP = 0.02, 0.0025  # where the box of frame 0 begins, and how far each frame moves it
GROUP = {"bf": "0", "g": str(4 * FPS), "preset": "ultrafast", "tune": "zerolatency"}
CLICKS = 30
SETTLING = 20.0  # seconds in which the viewer learns how late boxes come
SETTINGS = {"pills": False, "trails": False, "panel": False}
SCRIPT = (Path(__file__).parent / "overlay.js").read_text()
CLICK = """async () => {
  const began = performance.now();
  document.querySelector('a[href="#/live"]').click();
  await new Promise((done) => {
    const look = () => (document.querySelector(".stage.moving") ? done() : requestAnimationFrame(look));
    look();
  });
  return performance.now() - began;
}"""


@asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[tuple[World, Broadcast]]:
    """A gateway before one camera with a key frame every four seconds."""
    clip = clips.write(
        folder / "numbers.mp4", "libx264", "yuv420p", count=NUMBERS, fps=FPS, width=WIDTH, height=HEIGHT, options=GROUP
    )
    async with running_nats(folder / "nats") as nats, a_world(nats) as world:
        await world.node.add("front")
        async with broadcasting(world.node.bus.link, world.node.address("front"), clip, FPS, (WIDTH, HEIGHT)) as video:
            beating = asyncio.create_task(beats(world, video))
            await world.until("/api/cameras", lambda found: found["total"] == 1)
            yield world, video
            beating.cancel()


async def beats(world: World, video: Broadcast) -> None:
    while True:
        await world.node.healthy()
        await world.node.healthy("front", session=video.session, width=WIDTH, height=HEIGHT)
        await asyncio.sleep(1)


def boxes(world: World, every: int, late: tuple[float, float]) -> Any:
    """Publishes the box of every `every`-th frame, so many seconds after the frame; in order, as a detector does."""
    busy = asyncio.Lock()
    tasks: set[asyncio.Task[None]] = set()

    async def publish(meta: VideoMeta) -> None:
        async with busy:
            await asyncio.sleep(random.uniform(*late))
            box = (FIRST + meta.seq % NUMBERS * STEP, 0.3, 0.2, 0.4)
            track = Track(id=1 + meta.seq // NUMBERS, label="person", score=0.9, box=box, age=1)
            found = detections(
                world.node.address("front"), session=meta.session, seq=meta.seq, pts=meta.pts, tracks=(track,)
            )
            await world.node.bus.link.publish(found)

    async def tell(meta: VideoMeta) -> None:
        if meta.seq % every == 0:
            task = asyncio.create_task(publish(meta))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    return tell


@asynccontextmanager
async def viewer() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = await browser.new_page(viewport={"width": 1000, "height": 640})
        await page.add_init_script(f"localStorage.setItem('edged.settings', '{json.dumps(SETTINGS)}')")
        yield page
        await browser.close()


async def first_pictures(page: Page, url: str, count: int) -> list[float]:
    """Milliseconds from the click on Live to the first frame of the video, at times that have nothing to do with the key frames."""
    found = []
    for _ in range(count):
        await page.goto("about:blank")
        await page.goto(f"{url}/#/fleet")
        await page.wait_for_selector(".place-link[aria-current=page]")
        await asyncio.sleep(random.uniform(0.5, 3.5))
        found.append(float(await page.evaluate(CLICK)))
    return found


async def delays(page: Page, video: Broadcast, count: int) -> list[float]:
    """Milliseconds from the moment a frame's packets were published to the browser's showing it; without boxes to wait for."""
    published: dict[int, float] = {}

    async def note(meta: VideoMeta) -> None:
        published[meta.seq % NUMBERS] = time.time() * 1000

    video.beside = note
    await asyncio.sleep(5)
    seen = await look(page, count)
    return [one["shown"] - published[one["code"]] for one in seen]


async def look(page: Page, count: int) -> list[Any]:
    told = {"count": count, "bits": clips.BITS, "cell": clips.CELL, "width": WIDTH, "first": FIRST, "step": STEP}
    return list(await page.evaluate(SCRIPT, told))


async def errors(page: Page, count: int, every: int) -> tuple[list[int], list[float], int]:
    """(frames off for each frame shown, ms from receipt to display, frames without a box)."""
    seen = await look(page, count)
    # where the numbers begin anew the box jumps back, and between is nowhere
    boxed = [one for one in seen if one["box"] >= 0 and every - 1 <= one["code"] <= NUMBERS - every]
    off = [min((one["box"] - one["code"]) % NUMBERS, (one["code"] - one["box"]) % NUMBERS) for one in boxed]
    return off, [one["held"] for one in seen], sum(one["box"] < 0 for one in seen)


async def measured(count: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        async with stage(Path(folder)) as (world, video), viewer() as page:
            clicks = await first_pictures(page, world.url, CLICKS)
            note = f"of {CLICKS}, first {clicks[0]:.0f}, worst {max(clicks):.0f}"
            rows = [Row("click to first picture, median", percentile(clicks, 0.5), "ms", note=note)]
            rows.append(Row("click to first picture, p95", percentile(clicks, 0.95), "ms", 1000, "≤"))
            late = await delays(page, video, min(count, 300))
            rows.append(Row("packet published to frame on show, median", percentile(late, 0.5), "ms"))
            rows.append(Row("packet published to frame on show, p95", percentile(late, 0.95), "ms", 50, "≤"))
            for every in (1, 3):
                video.beside = boxes(world, every, (0.02, 0.05))
                await expect(page.locator(".exactness")).to_have_text("exact", timeout=60_000)
                await asyncio.sleep(SETTLING)
                off, held, bare = await errors(page, count, every)
                name = "every frame looked at" if every == 1 else f"every {every}rd frame looked at"
                wrong = sum(error > 0 for error in off)
                note = f"{wrong} of {len(off)} off, worst {max(off, default=0)}, {bare} without a box"
                rows.append(Row(f"{name}: frames off, p99", percentile(off, 0.99), "", 0, "≤", note))
                rows.append(Row(f"{name}: received to shown, median", percentile(held, 0.5), "ms"))
            return rows


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.overlay", description=__doc__)
    parser.add_argument("--frames", type=int, default=1000, help="shown frames to look at, each time")
    section = Section("overlay", asyncio.run(measured(parser.parse_args().frames)))
    print(table(section))
    return 0 if all(row.met is not False for row in section.rows) else 1


if __name__ == "__main__":
    sys.exit(main())
