"""People cut out of their pictures by GrabCut (Rother and others 2004), to be put into others."""

from collections.abc import Iterable

import cv2
import numpy as np

from models.train.pictures import Boxes, Picture, Pixels

MOST = 1500
TALLEST = 180  # pixels
_AROUND = 0.15  # of the height


def cut(pictures: Iterable[Picture], seed: int = 0) -> list[Pixels]:
    """(height, width, 4) BGRA each. Takes some minutes."""
    found = [figure for picture in pictures if picture.collection != "haarneg" for figure in _of(picture)]
    order = np.random.default_rng(seed).permutation(len(found))[:MOST]
    return [found[i] for i in order]


def _of(picture: Picture) -> list[Pixels]:
    alone = [box for box in picture.people if _suits(box, picture.boxes)]
    if not alone:
        return []
    pixels = picture.pixels()
    inside = [
        box
        for box in alone
        if box[0] > 2 and box[1] > 2 and box[2] < pixels.shape[1] - 2 and box[3] < pixels.shape[0] - 1
    ]
    return [figure for box in inside if (figure := _figure(pixels, box)) is not None]


def _suits(box: Boxes, others: Boxes) -> bool:
    wide, high = box[2] - box[0], box[3] - box[1]
    if high < 70 or not 1.5 < high / wide < 4.2:
        return False
    low, top = np.maximum(others[:, :2], box[:2]), np.minimum(others[:, 2:4], box[2:4])
    shared = (top - low).clip(0).prod(axis=1) / (wide * high)
    return bool((shared > 0.1).sum() <= 1)  # itself


def _figure(pixels: Pixels, box: Boxes) -> Pixels | None:
    """The person in `box`; None when what GrabCut finds does not look like one."""
    margin = _AROUND * (box[3] - box[1])
    left, top = (int(max(0, value - margin)) for value in box[:2])
    right, bottom = int(box[2] + margin), int(box[3] + margin)
    part = pixels[top:bottom, left:right]
    scale = min(1.0, TALLEST / part.shape[0])
    part = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    x, y = (box[0] - left) * scale, (box[1] - top) * scale
    wide, high = max(4.0, (box[2] - box[0]) * scale), (box[3] - box[1]) * scale
    mask = np.zeros(part.shape[:2], np.uint8)
    where = tuple(int(value) for value in (x, y, wide, high))
    try:
        cv2.grabCut(part, mask, where, np.zeros((1, 65)), np.zeros((1, 65)), 4, cv2.GC_INIT_WITH_RECT)
    except cv2.error:
        return None
    count, parts, sizes, _ = cv2.connectedComponentsWithStats(
        np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    )
    if count < 2:
        return None
    largest = 1 + int(sizes[1:, 4].argmax())
    x, y, across, down, area = (int(value) for value in sizes[largest])
    if down < 0.85 * high or across < 0.6 * wide or not 0.28 < area / (wide * high) < 0.8:
        return None
    opaque = cv2.GaussianBlur((parts == largest).astype(np.float32) * 255, (3, 3), 0).astype(np.uint8)
    return np.dstack([part, opaque])[y : y + down, x : x + across]
