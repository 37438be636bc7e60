"""Which frame the video shows, and how long it waits for its boxes. The modules are pure, and run in the browser."""

from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page

pytestmark = pytest.mark.asyncio(loop_scope="package")

MARKED = """async ({ marks, times }) => {
  const { Marks } = await import("/js/video/marks.js");
  const known = new Marks();
  marks.forEach((mark) => known.hear(mark));
  return times.map((time) => known.at(time));
}"""
# Frames come every 40 ms; the detections of every `nth` are known `late` ms after it; the player holds frames `lax` ms less than told.
HELD = """async ({ nth, late, lax, count }) => {
  const { Delay } = await import("/js/video/delay.js");
  const delay = new Delay(350);
  const events = [];
  for (let n = 0; n < count; n++) if (n % nth === 0) events.push({ at: n * 40 + late, known: n });
  let held = 0;
  for (let n = 0, e = 0; n < count; n++) {
    const told = Math.max(0, delay.target - lax);
    held += Math.max(-4, Math.min(4, told - held));
    const now = n * 40 + held;
    for (; e < events.length && events[e].at <= now; e++) delay.known("s", events[e].known * 3600, events[e].at);
    delay.shown("s", n * 3600, n * 40, now);
  }
  return held;
}"""


@pytest_asyncio.fixture(loop_scope="package")
async def module(page: Page, files_url: str) -> Page:
    await page.goto(f"{files_url}/config.js")
    return page


async def at(module: Page, marks: list[dict[str, Any]], *times: int) -> Any:
    return await module.evaluate(MARKED, {"marks": marks, "times": times})


async def test_an_rtp_time_names_the_frame_that_far_after_the_mark(module: Page) -> None:
    marks = [{"rtp": 1000, "session": "a", "pts": 90_000}]
    assert await at(module, marks, 1000, 7000) == [{"session": "a", "pts": 90_000}, {"session": "a", "pts": 96_000}]


async def test_rtp_times_wrap(module: Page) -> None:
    marks = [{"rtp": 2**32 - 3000, "session": "a", "pts": 0}]
    assert await at(module, marks, 3000) == [{"session": "a", "pts": 6000}]


async def test_frames_before_the_first_mark_and_on_the_way_to_the_next_are_nobodys(module: Page) -> None:
    marks = [{"rtp": 1000, "session": "a", "pts": 0}, {"rtp": 5000}, {"rtp": 9000, "session": "b", "pts": 0}]
    found = await at(module, marks, 500, 4000, 6000, 9000)
    assert found == [None, {"session": "a", "pts": 3000}, None, {"session": "b", "pts": 0}]


async def hold(module: Page, **stream: int) -> float:
    return float(await module.evaluate(HELD, {"nth": 1, "late": 80, "lax": 0, "count": 1500, **stream}))


async def test_video_waits_for_its_boxes_and_hardly_longer(module: Page) -> None:
    assert 80 < await hold(module) < 130


async def test_a_player_that_waits_less_than_told_is_told_more(module: Page) -> None:
    assert 80 < await hold(module, lax=40) < 150


async def test_boxes_between_two_detections_wait_for_the_second(module: Page) -> None:
    assert 80 + 160 < await hold(module, nth=5) < 320


async def test_video_is_never_held_for_boxes_that_come_too_late(module: Page) -> None:
    assert await hold(module, late=900) == 0


async def test_without_detections_nothing_waits(module: Page) -> None:
    assert await hold(module, nth=100_000, late=50_000) == 0
