"""What stands on a track's pill, as the browser draws it."""

import json
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page

pytestmark = pytest.mark.asyncio(loop_scope="package")

TRACK = {"id": 7, "label": "person", "score": 0.9, "age": 1.0, "box": [0.4, 0.4, 0.1, 0.3], "alpha": 1}


@pytest_asyncio.fixture(loop_scope="package")
async def module(page: Page, files_url: str) -> Page:
    await page.goto(f"{files_url}/config.js")
    return page


async def texts(module: Page, width: int, *tracks: dict[str, Any]) -> list[str]:
    return await module.evaluate(
        f"""async () => {{
          const {{ Overlay }} = await import("/js/overlay.js");
          const canvas = document.createElement("canvas");
          const drawn = [];
          const context = canvas.getContext("2d");
          const fillText = context.fillText.bind(context);
          context.fillText = (text, ...place) => {{ drawn.push(text); fillText(text, ...place); }};
          const overlay = new Overlay(canvas);
          overlay.resize({width}, {width} * 9 / 16, 1);
          overlay.draw("s", {json.dumps(tracks)}, () => [], {{ boxes: true, pills: true, trails: false }});
          return drawn;
        }}"""
    )


@pytest.mark.parametrize(
    ("width", "name", "text"),
    [
        (960, "", "person 7"),
        (960, "Ada Lovelace", "Ada Lovelace"),
        (320, "", "7"),
        (320, "Ada", "Ada"),
        (320, "Ada Augusta King", "Ada Augusta…"),
        (960, "<b>Ada</b>", "<b>Ada</b>"),
        (320, "🙂" * 13, "🙂" * 11 + "…"),
    ],
)
async def test_a_pill_says_who_it_is_or_else_what(module: Page, width: int, name: str, text: str) -> None:
    assert await texts(module, width, {**TRACK, "identity": "p1" if name else "", "name": name}) == [text]


async def test_tracks_of_a_box_that_knows_no_names_are_drawn_as_ever(module: Page) -> None:
    assert await texts(module, 960, TRACK) == ["person 7"]
