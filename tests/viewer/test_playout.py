"""When a picture is shown: as late as its boxes need, and no later than 350 ms."""

from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page

# Pictures come every 100 ms, 20 ms after they were taken; every `nth` is looked at and known `late` ms after it was taken.
PLAY = """async ({ nth, late, count }) => {
  const { Playout } = await import("/js/playout.js");
  const playout = new Playout();
  const known = [];
  const shown = [];
  let newest = -1;
  for (let now = 0; now < count * 100; now += 5) {
    if (now % 100 === 20) playout.push({ session: "s", pts: (now - 20) * 90 }, now);
    const pts = (now - late) * 90;
    if (now >= late && (now - late) % (100 * nth) === 0) {
      newest = pts;
      playout.known("s", pts, now);
    }
    const picture = playout.due(now);
    if (picture) shown.push({ at: now, age: now - picture.pts / 90, bracketed: picture.pts <= newest });
  }
  return { delay: playout.delay, shown };
}"""


pytestmark = pytest.mark.asyncio(loop_scope="package")


@pytest_asyncio.fixture(loop_scope="package")
async def module(page: Page, files_url: str) -> Page:
    await page.goto(f"{files_url}/config.js")
    return page


async def play(module: Page, **stream: int) -> tuple[float, list[dict[str, Any]]]:
    played = await module.evaluate(PLAY, {"count": 100, **stream})
    return played["delay"], played["shown"][20:]


async def test_pictures_wait_until_the_detections_around_them_are_known(module: Page) -> None:
    delay, shown = await play(module, nth=2, late=80)
    assert all(picture["bracketed"] for picture in shown)
    assert delay < 200


async def test_pictures_are_shown_evenly(module: Page) -> None:
    _, shown = await play(module, nth=2, late=80)
    gaps = [after["at"] - before["at"] for before, after in zip(shown, shown[1:], strict=False)]
    assert max(gaps) <= 110
    assert min(gaps) >= 90


async def test_no_picture_is_held_longer_than_350_ms(module: Page) -> None:
    _, shown = await play(module, nth=3, late=300)
    assert max(picture["age"] for picture in shown) <= 20 + 350 + 5


async def test_without_detections_nothing_waits(module: Page) -> None:
    _, shown = await play(module, nth=10_000, late=80)
    assert shown[-1]["age"] <= 30


async def test_detections_too_rare_to_wait_for_hold_pictures_only_as_long_as_their_own_boxes_take(module: Page) -> None:
    delay, _ = await play(module, nth=20, late=80)
    assert 50 <= delay <= 120


async def test_a_new_session_starts_with_its_own_clock(module: Page) -> None:
    shown = await module.evaluate(
        """async () => {
          const { Playout } = await import("/js/playout.js");
          const dropped = [];
          const playout = new Playout(350, (picture) => dropped.push(picture.session));
          playout.delay = 100;
          playout.push({ session: "a", pts: 900000 }, 1000);
          playout.push({ session: "b", pts: 0 }, 1010);
          return { early: playout.due(1000), session: playout.due(1200)?.session, dropped };
        }"""
    )
    assert shown == {"early": None, "session": "b", "dropped": ["a"]}
