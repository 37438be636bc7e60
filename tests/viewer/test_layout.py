"""Where tiles lie."""

from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page

DESKTOP = {"width": 1350, "height": 884, "gap": 8, "bar": 32, "least": 160}
PHONE = {"width": 374, "height": 760, "gap": 8, "bar": 32, "least": 300}


pytestmark = pytest.mark.asyncio(loop_scope="package")


@pytest_asyncio.fixture(loop_scope="package")
async def module(page: Page, files_url: str) -> Page:
    await page.goto(f"{files_url}/config.js")
    return page


async def arranged(module: Page, aspects: list[float], room: dict[str, int]) -> dict[str, Any]:
    script = """async ([aspects, room]) => (await import("/js/layout.js")).arrange(aspects, room)"""
    return await module.evaluate(script, [aspects, room])


@pytest.mark.parametrize("count", [1, 2, 4, 9, 16])
async def test_every_tile_has_its_pictures_shape_and_lies_inside_the_room(module: Page, count: int) -> None:
    aspects = [16 / 9 if index % 3 else 4 / 3 for index in range(count)]
    plan = await arranged(module, aspects, DESKTOP)
    for rect, aspect in zip(plan["rects"], aspects, strict=True):
        assert rect["width"] / (rect["height"] - DESKTOP["bar"]) == pytest.approx(aspect)
        assert rect["x"] >= -0.01
        assert rect["x"] + rect["width"] <= DESKTOP["width"] + 0.01
        assert rect["y"] + rect["height"] <= DESKTOP["height"] + 0.01


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (4, 2), (9, 3), (16, 4)])
async def test_equal_pictures_make_a_square_grid_that_fills_the_room_one_way(module: Page, count: int, columns: int) -> None:
    plan = await arranged(module, [16 / 9] * count, DESKTOP)
    assert len({round(rect["x"]) for rect in plan["rects"]}) == columns
    width = max(rect["x"] + rect["width"] for rect in plan["rects"]) - min(rect["x"] for rect in plan["rects"])
    assert width == pytest.approx(DESKTOP["width"]) or plan["height"] == pytest.approx(DESKTOP["height"])


async def test_a_phone_shows_one_below_the_other_and_scrolls(module: Page) -> None:
    plan = await arranged(module, [4 / 3, 16 / 9, 16 / 9, 4 / 3], PHONE)
    assert {round(rect["width"]) for rect in plan["rects"]} == {PHONE["width"]}
    assert plan["height"] > PHONE["height"]
