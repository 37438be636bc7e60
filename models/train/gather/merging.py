"""Boxes of several looks at a picture put together, (N, 5) as x1, y1, x2, y2 in pixels and a score, and own boxes completed by them."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.train.pictures import DOUBTFUL, PERSON

Scored = NDArray[np.float64]
Corners = NDArray[np.float64]  # (N, 4)
NOBODY: Scored = np.zeros((0, 5))

DOUBTED = 0.25  # less is nothing
_SAME = 0.6  # of boxes of one look
_AGAIN = 0.5  # of boxes of two looks
_OWN = 0.45  # a pseudo-label that overlaps an own box so much is of the same person


class Labelled(NamedTuple):
    """Corners in pixels, then PERSON or DOUBTFUL, and who says so."""

    x1: float
    y1: float
    x2: float
    y2: float
    flag: int
    by: Literal["own", "yolox"]


def overlaps(one: Corners, other: Corners) -> tuple[Corners, Corners]:
    """(N, M) intersection over union, and over the smaller of the two."""
    low, high = np.maximum(one[:, None, :2], other[None, :, :2]), np.minimum(one[:, None, 2:4], other[None, :, 2:4])
    common = np.clip(high - low, 0, None).prod(axis=2)
    here, there = area(one)[:, None], area(other)[None]
    return common / np.maximum(here + there - common, 1e-9), common / np.maximum(np.minimum(here, there), 1e-9)


def area(boxes: Corners) -> Corners:
    size: Corners = (boxes[:, 2:4] - boxes[:, :2]).prod(axis=1)
    return size


def suppressed(boxes: Scored) -> Scored:
    """Of boxes that are one thing the best."""
    boxes = boxes[np.argsort(-boxes[:, 4], kind="stable")]
    kept: list[int] = []
    same = overlaps(boxes, boxes)[0] >= _SAME
    for index in range(len(boxes)):
        if not same[index, kept].any():
            kept.append(index)
    return boxes[kept]


def together(whole: Scored, tiles: Sequence[Scored]) -> Scored:
    """The boxes of the whole picture, and what closer looks add: new people, and confidence in those already seen."""
    known = whole.copy()
    for tile in tiles:
        if not len(tile):
            continue
        over, inside = (share.max(axis=1, initial=0) for share in overlaps(tile, known))
        if len(known):
            nearest = overlaps(tile, known)[0].argmax(axis=1)
            again = over > _AGAIN
            np.maximum.at(known[:, 4], nearest[again], tile[again, 4])
        known = np.concatenate([known, tile[(over <= _AGAIN) & (inside < 0.8)]])
    return suppressed(known)


def completed(own: Corners | None, crowds: Corners, seen: Scored, sure: float) -> list[Labelled]:
    """Own boxes, then what the teacher sees besides, people from the score `sure` on. `own` is None where a set says nothing of the picture."""
    labelled = [] if own is None else [_labelled(box, PERSON, "own") for box in own.tolist()]
    labelled += [_labelled(box, DOUBTFUL, "own") for box in crowds.tolist()]
    said = np.concatenate([np.zeros((0, 4)) if own is None else own, crowds])
    over, inside = (share.max(axis=1, initial=0) for share in overlaps(seen, said))
    besides = (over < _OWN) & ~((inside > 0.8) & (over > 0.25)) & (seen[:, 4] >= DOUBTED)
    for *corners, score in seen[besides].tolist():
        labelled.append(_labelled(corners, PERSON if score >= sure else DOUBTFUL, "yolox"))
    return labelled


def _labelled(corners: Sequence[float], flag: int, by: Literal["own", "yolox"]) -> Labelled:
    x1, y1, x2, y2 = corners
    return Labelled(x1, y1, x2, y2, flag, by)
