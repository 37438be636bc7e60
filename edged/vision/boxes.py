"""Arithmetic on boxes, (N, 4) as x1, y1, x2, y2 unless said otherwise."""

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float64]

_NO_AREA = 1e-12


def overlap(one: Boxes, other: Boxes) -> Boxes:
    """(N, M) intersection over union of every box of `one` with every box of `other`."""
    corners = np.minimum(one[:, None, 2:], other[None, :, 2:]) - np.maximum(one[:, None, :2], other[None, :, :2])
    np.maximum(corners, 0.0, out=corners)
    common = corners[..., 0] * corners[..., 1]
    share: Boxes = common / np.maximum(area(one)[:, None] + area(other) - common, _NO_AREA)
    return share


def area(boxes: Boxes) -> NDArray[np.float64]:
    product: NDArray[np.float64] = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return product


def grown(boxes: Boxes, share: float) -> Boxes:
    """Each box with `share` of its width and height added on every side."""
    margin = (boxes[:, 2:] - boxes[:, :2]) * share
    return np.concatenate([boxes[:, :2] - margin, boxes[:, 2:] + margin], axis=1)


def centred(boxes: Boxes) -> Boxes:
    """As centre x, centre y, width, height."""
    size = boxes[:, 2:] - boxes[:, :2]
    return np.concatenate([boxes[:, :2] + size / 2.0, size], axis=1)


def cornered(boxes: Boxes) -> Boxes:
    """From centre x, centre y, width, height."""
    half = boxes[:, 2:] / 2.0
    return np.concatenate([boxes[:, :2] - half, boxes[:, :2] + half], axis=1)
