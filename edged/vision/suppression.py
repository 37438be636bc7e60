"""Boxes (x1, y1, x2, y2): overlap, and greedy non-maximum suppression per class."""

import numpy as np
from numpy.typing import NDArray

from edged.vision.detections import Floats, Ints


def overlaps(boxes: Floats) -> Floats:
    """Intersection over union of every pair, (N, N) of (N, 4)."""
    x1, y1, x2, y2 = boxes.T
    width = np.minimum(x2[:, None], x2) - np.maximum(x1[:, None], x1)
    height = np.minimum(y2[:, None], y2) - np.maximum(y1[:, None], y1)
    shared = np.maximum(width, 0) * np.maximum(height, 0)
    areas = (x2 - x1) * (y2 - y1)
    ratio: Floats = shared / np.maximum(areas[:, None] + areas - shared, np.float32(1e-9))
    return ratio


def strongest(scores: Floats, limit: int) -> NDArray[np.intp]:
    """Indices of the `limit` highest scores, best first."""
    if len(scores) > limit:
        top = np.argpartition(scores, -limit)[-limit:]
        return top[np.argsort(-scores[top], kind="stable")]
    return np.argsort(-scores, kind="stable")


def suppress(boxes: Floats, scores: Floats, classes: Ints, iou: float, limit: int = 300) -> NDArray[np.intp]:
    """Indices to keep, best first: of two boxes of a class that overlap more than `iou`, the better one.

    Only the `limit` best candidates are looked at, which bounds the time in a crowd.
    """
    order = strongest(scores, limit)
    covers = (overlaps(boxes[order]) > iou) & (classes[order][:, None] == classes[order])
    gone = np.zeros(len(order), np.bool_)
    for place in np.flatnonzero(np.triu(covers, 1).any(axis=1)):
        if not gone[place]:
            gone[place + 1 :] |= covers[place, place + 1 :]
    return order[~gone]
