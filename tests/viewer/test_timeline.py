"""Which boxes a picture gets. The module is pure, and runs in the browser it is written for."""

import json
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page

A = {"id": 1, "label": "person", "score": 0.9, "age": 1.0, "box": [0.1, 0.1, 0.1, 0.2]}
MOVED = {**A, "box": [0.3, 0.1, 0.1, 0.2]}
OTHER = {**A, "id": 2, "box": [0.7, 0.7, 0.1, 0.2]}
MS = 90  # pts ticks


pytestmark = pytest.mark.asyncio(loop_scope="package")


@pytest_asyncio.fixture(loop_scope="package")
async def module(page: Page, files_url: str) -> Page:
    await page.goto(f"{files_url}/config.js")
    return page


async def at(
    module: Page, frames: list[tuple[int, list[dict[str, Any]]]], pts: int, session: str = "s", elapsed: float = 0
) -> dict[str, Any]:
    known = [{"session": "s", "pts": time, "tracks": tracks} for time, tracks in frames]
    return await module.evaluate(
        f"""async () => {{
          const {{ Timeline }} = await import("/js/timeline.js");
          const timeline = new Timeline();
          {json.dumps(known)}.forEach((frame) => timeline.know(frame));
          return timeline.at({json.dumps(session)}, {pts}, {elapsed});
        }}"""
    )


async def test_a_picture_whose_frame_was_looked_at_gets_exactly_its_boxes(module: Page) -> None:
    found = await at(module, [(0, [A]), (200 * MS, [MOVED]), (400 * MS, [A])], 200 * MS)
    assert found["how"] == "exact"
    assert [track["box"] for track in found["tracks"]] == [MOVED["box"]]


async def test_a_picture_between_two_known_frames_gets_boxes_between(module: Page) -> None:
    found = await at(module, [(0, [A]), (200 * MS, [MOVED])], 50 * MS)
    assert found["how"] == "between"
    assert found["tracks"][0]["box"] == pytest.approx([0.15, 0.1, 0.1, 0.2])


async def test_a_picture_after_the_newest_known_frame_gets_its_boxes_and_no_guess(module: Page) -> None:
    found = await at(module, [(0, [A]), (200 * MS, [MOVED])], 300 * MS)
    assert found["how"] == "after"
    assert found["tracks"][0]["box"] == MOVED["box"]


async def test_a_track_that_is_not_in_the_next_frame_fades_within_300_ms(module: Page) -> None:
    frames = [(0, [A, OTHER]), (200 * MS, [A])]
    alphas = []
    for elapsed in (0, 100, 200, 299, 301):
        found = await at(module, frames, 0 if elapsed == 0 else 200 * MS, elapsed=max(0, elapsed - 200))
        alphas.append({track["id"]: track["alpha"] for track in found["tracks"]}.get(2, 0))
    assert alphas[0] == 1
    assert alphas[-1] == 0
    assert alphas == sorted(alphas, reverse=True)


async def test_a_track_that_comes_with_the_next_frame_is_not_shown_before_it(module: Page) -> None:
    found = await at(module, [(0, [A]), (200 * MS, [A, OTHER])], 100 * MS)
    assert [track["id"] for track in found["tracks"]] == [1]


async def test_a_picture_of_another_session_gets_no_boxes(module: Page) -> None:
    assert (await at(module, [(0, [A])], 0, session="later"))["tracks"] == []


async def test_a_picture_that_does_not_say_which_it_is_gets_the_newest_boxes(module: Page) -> None:
    found = await at(module, [(0, [A]), (200 * MS, [MOVED])], -1, session="")
    assert (found["how"], found["tracks"][0]["box"]) == ("after", MOVED["box"])


async def test_boxes_that_nobody_renews_are_let_go(module: Page) -> None:
    assert (await at(module, [(0, [A])], 3000 * MS))["tracks"] == []
