"""Helmets and hi-vis vests by colour and place, for want of a network that knows them. A stopgap, and honest about it.

What it goes by: a vest is fluorescent yellow, lime, orange or red over a good share of the trunk; a helmet is one compact, evenly coloured dome
(yellow, orange, red, blue, green or white) at the top of the person, as wide as a head.

What it cannot know: an orange jumper is a vest to it and a yellow cap a helmet; a black, grey or blue vest, or a vest under a jacket, is none.
A head bent behind the body or an arm reads as a head without helmet. Coloured light, sodium lamps and infrared pictures leave it blind, and a
person less than 48 pixels high is not judged at all. docs/ppe.md has what was measured: 92 % of 420 labels on the clip it was fitted to, and a vest
seen in 2 of 40 looks at people without one. Take a network with a card (`ppe.model`) where a verdict has consequences.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Saw = Literal["ok", "missing", "not_visible"]
Corners = tuple[float, float, float, float]

Box = tuple[int, int, int, int]
Ranges = tuple[tuple[tuple[int, int, int], tuple[int, int, int]], ...]

ITEMS = ("helmet", "vest")
_HEIGHT = 240  # pixels a person is brought down to
_LEAST = 48  # pixels of height below which nothing is said
_EDGE = 0.012  # of the crop: nearer to it a person is cut off
_TOP, _RAISED = 0.13, 0.25  # of the person's height: where a helmet begins at most, and with an arm held above the head
_FILL = 0.55
_LIT = 0.2

# OpenCV's hue, saturation, value: from, to.
_LIME: Ranges = (((22, 85, 120), (48, 255, 255)),)
_ORANGE: Ranges = (
    ((0, 150, 130), (14, 255, 255)),
    ((14, 170, 190), (22, 255, 255)),
    ((174, 150, 130), (180, 255, 255)),
)
_HELMETS: tuple[Ranges, ...] = (
    (((17, 105, 100), (34, 255, 255)), ((10, 160, 90), (17, 255, 255))),  # yellow, and in its own shade
    (((0, 165, 120), (14, 255, 255)), ((172, 165, 120), (180, 255, 255))),  # orange and red
    (((98, 130, 60), (124, 255, 255)),),  # blue
    (((48, 110, 60), (88, 255, 255)),),  # green
    (((0, 0, 165), (180, 52, 255)),),  # white
)
_WHITE = len(_HELMETS) - 1


class Blob(NamedTuple):
    """A connected patch, in pixels; `fill` is its share of its rectangle."""

    x: int
    y: int
    width: int
    height: int
    fill: float


def look(crop: Pixels, person: Corners) -> dict[str, Saw]:
    """What is worn by the `person` (x1, y1, x2, y2 in fractions of `crop`, which is (height, width, 3) BGR). Blocks for about a millisecond."""
    height, width = crop.shape[:2]
    x1, y1, x2, y2 = (edge * side for edge, side in zip(person, (width, height, width, height), strict=True))
    if y2 - y1 < _LEAST or x2 - x1 < _LEAST / 4:
        return dict.fromkeys(ITEMS, "not_visible")
    scale = min(1.0, _HEIGHT / (y2 - y1))
    small = cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    hsv = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2HSV), np.uint8)
    box = (int(x1 * scale), int(y1 * scale), int(np.ceil(x2 * scale)), int(np.ceil(y2 * scale)))
    helmet = _helmet(hsv, box)
    return {"helmet": "ok" if helmet else _head(person), "vest": _vest(hsv, box, helmet)}


def _head(person: Corners) -> Saw:
    """Without a helmet in sight: is there a head?"""
    return "not_visible" if person[1] <= _EDGE else "missing"


def _helmet(hsv: Pixels, box: Box) -> Blob | None:
    x1, y1, x2, y2 = box
    width, height = x2 - x1, y2 - y1
    above = max(0, y1 - round(0.06 * height))
    top = hsv[above : y1 + round(0.45 * height), max(0, x1) : x2]
    for number, ranges in enumerate(_HELMETS):
        mask = _mask(top, ranges)
        for blob in _blobs(mask):
            as_a_head = 0.16 * min(width, 0.75 * height) < blob.width < 0.85 * width
            high = (above + blob.y - y1) / height
            if not (as_a_head and high < _RAISED and 0.75 < blob.width / blob.height < 3.2 and blob.fill > _FILL):
                continue
            # white is everywhere, and below a raised arm the top of the person says little: then it has to look like a helmet
            if (number == _WHITE or high > _TOP) and not _dome(mask, blob):
                continue
            return blob._replace(x=blob.x + max(0, x1), y=blob.y + above)
    return None


def _dome(mask: Pixels, blob: Blob) -> bool:
    """Rounder at the top than in the middle, standing free to its left, its right and above."""
    rows = np.count_nonzero(mask[blob.y : blob.y + blob.height, blob.x : blob.x + blob.width], axis=1)
    free = blob.x > 1 and blob.x + blob.width < mask.shape[1] - 1 and blob.y > 0
    part = max(1, blob.height // 5)
    return bool(free and rows[:part].mean() < 0.8 * rows[blob.height // 2 : blob.height // 2 + part].mean())


def _vest(hsv: Pixels, box: Box, helmet: Blob | None) -> Saw:
    """The best share of fluorescent colour in a window as large as a trunk, anywhere below the head: people lean and crouch."""
    x1, y1, x2, y2 = box
    height = y2 - y1
    if helmet:
        begin, head = helmet.y + 1.5 * helmet.height, 1.5 * helmet.height
        middle, window = helmet.x + helmet.width / 2, 1.5 * helmet.width
        x1, x2 = max(x1, round(middle - 1.4 * window)), min(x2, round(middle + 1.4 * window))
    else:
        begin, head, window = y1 + 0.2 * height, 0.16 * height, min(0.25 * height, 0.6 * (x2 - x1))
    end = min(float(y2), begin + 3.5 * head)
    if end - begin < 0.8 * head:
        return "not_visible"
    trunk = hsv[round(begin) : round(end), max(0, x1) : max(x1 + 1, x2)]
    size = (max(1, min(round(window), trunk.shape[1])), max(1, min(round(window), trunk.shape[0])))
    best = max(_densest(_mask(trunk, colour), size) for colour in (_LIME, _ORANGE))
    return "ok" if best > _LIT else "missing"


def _densest(mask: Pixels, size: tuple[int, int]) -> float:
    """The largest share of `mask` in a window of `size` (width, height) that lies within it."""
    sums = cv2.integral(mask // 255)
    width, height = size
    windows = sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width]
    return float(windows.max()) / (width * height)


def _mask(hsv: Pixels, ranges: Ranges) -> Pixels:
    masks = [cv2.inRange(hsv, low, high) for low, high in ranges]
    return np.asarray(np.bitwise_or.reduce(masks), np.uint8)


def _blobs(mask: Pixels) -> Iterator[Blob]:
    """The largest first."""
    opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(opened)
    for x, y, width, height, area in sorted(stats[1:count].tolist(), key=lambda row: -row[4])[:4]:
        if area >= 40:
            yield Blob(x, y, width, height, area / (width * height))
