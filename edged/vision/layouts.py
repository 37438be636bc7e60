"""A network's outputs -> Found. One function per way of writing boxes down.

Candidates are picked on the numbers as stored, so a quantised output is dequantised only where something was found.
"""

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from edged.vision import suppression as bx
from edged.vision import yunet
from edged.vision.cards import Card
from edged.vision.detections import NOTHING, Floats, Found
from edged.vision.planes import Fit
from edged.vision.tensors import Array, ModelError, Tensor

Candidates = tuple[Floats, Floats, NDArray[np.intp]]
"""Boxes in pixels of the input, scores, classes."""


def decode(outputs: Sequence[Tensor], card: Card, min_score: float, fit: Fit) -> Found:
    """What `card`'s network found with at least `min_score`. ModelError when the outputs are not of the card's layout."""
    try:
        boxes, scores, classes = _LAYOUTS[card.output.layout](outputs, card, min_score, fit)
    except (IndexError, ValueError) as error:
        shapes = ", ".join(str(list(output.values.shape)) for output in outputs)
        raise ModelError(
            f"model {card.name}: outputs {shapes} are not of the layout {card.output.layout}; correct the card or the file"
        ) from error
    if not len(scores):
        return NOTHING
    kept = bx.suppress(boxes, scores, classes.astype(np.int32), card.output.iou)
    found = Found(fit.fractions(boxes[kept]), np.clip(scores[kept], 0, 1), classes[kept].astype(np.int32))
    return found.where(found.boxes[:, 3] - found.boxes[:, 1] >= card.min_height) if card.min_height else found


def _yolov8(outputs: Sequence[Tensor], card: Card, min_score: float, fit: Fit) -> Candidates:
    """[1, 4 + classes, N], or the same transposed: centre x, y, width, height; a score per class.

    Ultralytics' export of YOLOv8 and YOLO11: https://docs.ultralytics.com/modes/export
    """
    (output,) = outputs
    table = _by_row(output.values, 4 + len(card.labels))
    found = np.flatnonzero(table[4:].max(axis=0) >= output.threshold(min_score))
    scores = table[4:, found]
    classes = scores.argmax(axis=0)
    across, down = fit.size if card.output.coordinates == "fractions" else (1, 1)
    centres = output.real(table[:4, found]).T * np.array([across, down, across, down], np.float32)
    return _corners(centres), output.real(scores.max(axis=0)), classes


def _yolox(outputs: Sequence[Tensor], card: Card, min_score: float, fit: Fit) -> Candidates:
    """[1, N, 5 + classes] undecoded: offset in the cell, log of the size in cells, objectness, a score per class.

    YOLOX: https://arxiv.org/abs/2107.08430
    """
    (output,) = outputs
    table = _by_row(output.values, 5 + len(card.labels))
    found = np.flatnonzero(table[4] >= output.threshold(min_score))  # a class score only lowers objectness
    rows = output.real(table[:, found]).T
    classes = rows[:, 5:].argmax(axis=1) if len(found) else found
    scores = rows[:, 4] * rows[np.arange(len(found)), 5 + classes]
    good = scores >= min_score
    cells, strides = _grid(card.input.width, card.input.height, table.shape[1])
    cells, strides, rows = cells[found[good]], strides[found[good]], rows[good]
    centres = np.hstack([(rows[:, :2] + cells) * strides, np.exp(np.minimum(rows[:, 2:4], 10)) * strides])
    return _corners(centres), scores[good], classes[good]


def _ssd(outputs: Sequence[Tensor], card: Card, min_score: float, fit: Fit) -> Candidates:
    """TFLite_Detection_PostProcess: boxes [1, N, 4] as y1, x1, y2, x2 in fractions, classes, scores [1, N], their count.

    TensorFlow 2 converts them in the opposite order, and names them in that order.
    """
    named = sorted(outputs, key=lambda output: output.name)
    boxes, classes, scores, count = named if named[0].values.ndim == 3 else named[::-1]
    valid = int(count.real(count.values).flat[0])
    values = scores.real(scores.values[0, :valid])
    found = np.flatnonzero(values >= min_score)
    y1, x1, y2, x2 = boxes.real(boxes.values[0, found]).T
    across, down = fit.size
    corners = np.stack([x1 * across, y1 * down, x2 * across, y2 * down], axis=1)
    return corners, values[found], np.round(classes.real(classes.values[0, found])).astype(np.intp)


def _edged(outputs: Sequence[Tensor], card: Card, min_score: float, fit: Fit) -> Candidates:
    """Our own networks: per stride a score map [1, h, w, 1] and a box map [1, h, w, 4]: offset from the cell's middle, log of half the size in cells."""
    scores = sorted((o for o in outputs if o.values.shape[-1] == 1), key=lambda o: o.values.size)
    places = sorted((o for o in outputs if o.values.shape[-1] == 4), key=lambda o: o.values.size)
    parts = [_edged_map(s, b, card.input.width, min_score) for s, b in zip(scores, places, strict=True)]
    boxes = np.concatenate([boxes for boxes, _ in parts])
    return boxes, np.concatenate([values for _, values in parts]), np.zeros(len(boxes), np.intp)


def _edged_map(score: Tensor, place: Tensor, width: int, min_score: float) -> tuple[Floats, Floats]:
    stride = width // score.values.shape[2]
    scores: Array = score.values[0, :, :, 0]
    rows, columns = np.divmod(np.flatnonzero(scores >= score.threshold(min_score)), scores.shape[1])
    dx, dy, half_width, half_height = place.real(place.values[0, rows, columns]).T
    sizes = 2 * np.exp(np.clip([half_width, half_height], -3, 4))
    centres = np.stack([columns + 0.5 + dx, rows + 0.5 + dy, *sizes], axis=1).astype(np.float32) * stride
    return _corners(centres), score.real(score.values[0, rows, columns, 0])


def _hog(outputs: Sequence[Tensor], card: Card, min_score: float, fit: Fit) -> Candidates:
    """OpenCV's person detector: boxes (N, 4) as x, y, width, height in pixels with a margin about the person, SVM distances (N,).

    The distance becomes a score by a logistic: 0.5 is where nine of ten boxes on opencv-doc's vtest.avi are people YOLOX-nano sees too.
    """
    boxes, distances = (output.values for output in outputs)
    scores = (1 / (1 + np.exp(-(distances * _HOG_SLOPE + _HOG_OFFSET)))).astype(np.float32)
    found = np.flatnonzero(scores >= min_score)
    x, y, width, height = boxes[found].astype(np.float32).T
    corners = np.stack([x + 0.2 * width, y + 0.1 * height, x + 0.8 * width, y + 0.9 * height], axis=1)
    return corners.astype(np.float32), scores[found], np.zeros(len(found), np.intp)


def _ultraface(outputs: Sequence[Tensor], card: Card, min_score: float, fit: Fit) -> Candidates:
    """Scores [1, N, 2] of background and face, boxes [1, N, 4] as x1, y1, x2, y2 in fractions of the input.

    https://github.com/Linzaer/Ultra-Light-Fast-Generic-Face-Detector-1MB
    """
    scores, boxes = sorted(outputs, key=lambda output: output.values.shape[-1])
    values = scores.real(scores.values[0, :, 1])
    found = np.flatnonzero(values >= min_score)
    across, down = fit.size
    corners = boxes.real(boxes.values[0, found]) * np.array([across, down, across, down], np.float32)
    return corners, values[found], np.zeros(len(found), np.intp)


def _yunet(outputs: Sequence[Tensor], card: Card, min_score: float, fit: Fit) -> Candidates:
    """As `yunet.decode`, which has the points of the faces, too."""
    boxes, scores, _ = yunet.decode(outputs, min_score, fit.size)
    return boxes, scores, np.zeros(len(boxes), np.intp)


_STRIDES = (8, 16, 32)
_HOG_SLOPE, _HOG_OFFSET = 3.0, -1.0

_LAYOUTS: dict[str, Callable[[Sequence[Tensor], Card, float, Fit], Candidates]] = {
    "yolov8": _yolov8,
    "yolox": _yolox,
    "ssd": _ssd,
    "edged": _edged,
    "hog": _hog,
    "ultraface": _ultraface,
    "yunet": _yunet,
}


def _by_row(values: Array, rows: int) -> Array:
    """(rows, N) of [1, rows, N] or [1, N, rows]; ValueError for anything else."""
    table: Array = values[0]
    if table.shape[0] == rows:
        return table
    if table.shape[1] == rows:
        return table.T
    raise ValueError(rows)


def _corners(centres: Floats) -> Floats:
    """x1, y1, x2, y2 of centre x, centre y, width, height."""
    middle, half = centres[:, :2], centres[:, 2:] / 2
    return np.hstack([middle - half, middle + half]).astype(np.float32)


@cache
def _grid(width: int, height: int, count: int) -> tuple[Floats, Floats]:
    """Column and row, and the stride, of each cell; ValueError when there are not `count` of them."""
    if cells(width, height) != count:
        raise ValueError(count)
    columns_rows, strides = [], []
    for stride in _STRIDES:
        rows, columns = np.mgrid[: height // stride, : width // stride]
        columns_rows.append(np.stack([columns.ravel(), rows.ravel()], axis=1))
        strides.append(np.full((rows.size, 1), stride))
    return np.concatenate(columns_rows).astype(np.float32), np.concatenate(strides).astype(np.float32)


def cells(width: int, height: int) -> int:
    """How many places an anchor-free network of strides 8, 16, 32 looks at."""
    return sum((width // stride) * (height // stride) for stride in _STRIDES)
