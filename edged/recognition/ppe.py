"""Judges a crop: which items of protective equipment does the person in it wear?"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np

from edged import config
from edged.camera import stills
from edged.labels import Aliases, expanded
from edged.messages import CropTaken, Item, Saw
from edged.vision import hivis
from edged.vision.detections import Found
from edged.vision.detector import Detector, open_detector

_WITHOUT = ("no-", "no_", "no ", "without-", "without_", "without ")  # how label lists write the absence of an item

Corners = tuple[float, float, float, float]


class Judge(Protocol):
    """`name` says by what it judges."""

    name: str

    async def look(self, crop: CropTaken, jpeg: bytes) -> dict[Item, Saw]:
        """Each of `crop.items`; ValueError when `jpeg` is no picture, ModelError when the network fails."""
        ...


@asynccontextmanager
async def open_judge(settings: config.Config, models_dir: Path) -> AsyncIterator[Judge]:
    """By the model of `settings.ppe`, or by colour without one; ModelError says why the model can't be used."""
    if not settings.ppe.model:
        yield ByColour()
        return
    chosen = msgspec.structs.replace(settings.detector, model=settings.ppe.model)
    async with open_detector(chosen, models_dir) as detector:
        yield ByModel(detector, settings.aliases)


class ByColour:
    name = "colour"

    async def look(self, crop: CropTaken, jpeg: bytes) -> dict[Item, Saw]:
        saw = await asyncio.to_thread(lambda: hivis.look(stills.pixels(jpeg), person_in(crop)))
        return {item: saw.get(item.lower(), "not_visible") for item in crop.items}


class ByModel:
    """A detector whose labels are the items, or stand behind them as aliases. A label such as `no-helmet` is its absence."""

    def __init__(self, detector: Detector, aliases: Aliases) -> None:
        self.name = detector.name
        self._detector = detector
        self._aliases = aliases
        self._labels = [label.lower() for label in detector.labels]

    async def look(self, crop: CropTaken, jpeg: bytes) -> dict[Item, Saw]:
        frame = await asyncio.to_thread(lambda: stills.frame(stills.pixels(jpeg)))
        found, _ = await self._detector.detect(frame, self._detector.score)
        inside = _within(found, person_in(crop))
        return {item: self._saw(item, inside) for item in crop.items}

    def _saw(self, item: Item, inside: set[int]) -> Saw:
        wanted = expanded((item,), self._aliases)
        there = {number for number, label in enumerate(self._labels) if label in wanted}
        absent = {number for number, label in enumerate(self._labels) if _positive(label) in wanted} - there
        if inside & there:
            return "ok"
        if inside & absent:
            return "missing"
        # a network that knows the absence says so when it sees it; of any other, silence is all there is
        return "not_visible" if absent or not there else "missing"


def person_in(crop: CropTaken) -> Corners:
    """The person's x1, y1, x2, y2 in fractions of the crop."""
    (x, y, width, height), (left, top, across, down) = crop.box, crop.area
    return (x - left) / across, (y - top) / down, (x + width - left) / across, (y + height - top) / down


def _positive(label: str) -> str:
    """`helmet` of `no-helmet`; nothing of a label without such a beginning."""
    return next((label.removeprefix(start) for start in _WITHOUT if label.startswith(start)), "")


def _within(found: Found, person: Corners) -> set[int]:
    """The classes of what has its middle in the person: others may stand in the same crop."""
    x1, y1, x2, y2 = person
    x, y = (found.boxes[:, 0] + found.boxes[:, 2]) / 2, (found.boxes[:, 1] + found.boxes[:, 3]) / 2
    # a helmet may stick out above
    inside = np.flatnonzero((x >= x1) & (x <= x2) & (y >= y1 - 0.08) & (y <= y2))
    return {int(found.classes[index]) for index in inside}
