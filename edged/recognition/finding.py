"""Finds faces in a picture: a network by its card, or OpenCV's own cascade, which needs no file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from edged.recognition.alignment import Floats, Picture
from edged.vision import layouts, pixels, suppression, yunet
from edged.vision.cards import Card
from edged.vision.planes import Fit, tables
from edged.vision.tensors import Engine, ModelError, Tensor

_CELL = 128  # pixels: sides of an input of any size are rounded up to it, since a network is slow on a size it meets for the first time
LONGEST = 640  # pixels of a side that a network of any size is given
BUILT_IN = "opencv-cascade"

# Eyes, nose and corners of the mouth in fractions of a box: the means over YuNet's points on eleven faces that look ahead.
_IN_NETWORKS = np.array([[0.26, 0.40], [0.74, 0.40], [0.50, 0.59], [0.29, 0.74], [0.71, 0.74]], np.float32)
_IN_CASCADES = np.array([[0.31, 0.39], [0.69, 0.39], [0.50, 0.60], [0.33, 0.77], [0.67, 0.77]], np.float32)


@dataclass(frozen=True)
class Found:
    """A face: `box` is x1, y1, x2, y2 and `points` (5, 2), both in pixels of the picture. `guessed` points were derived from the box."""

    box: tuple[float, float, float, float]
    points: Floats
    score: float
    guessed: bool

    @property
    def height(self) -> float:
        return self.box[3] - self.box[1]

    @property
    def area(self) -> float:
        return max(0.0, self.box[2] - self.box[0]) * max(0.0, self.height)


class Finder(Protocol):
    """`notice` says what is not as it should be, or nothing. For one thread at a time."""

    name: str
    notice: str

    def find(self, bgr: Picture, longest: int = LONGEST) -> list[Found]:
        """The faces, the largest first. Larger pictures are looked at with a longer side of `longest` pixels."""
        ...


class ByNetwork:
    def __init__(self, card: Card, engine: Engine) -> None:
        self.name: str = card.name
        self.notice = engine.notice
        self._card = card
        self._engine = engine
        self._tables = tables(card.input, engine.input)
        self._any_size = None in engine.input.shape[-3:]

    def find(self, bgr: Picture, longest: int = LONGEST) -> list[Found]:
        """Raises ModelError when the network fails."""
        fit = self._fit(bgr.shape[1], bgr.shape[0], longest)
        canvas = np.full((fit.size[1], fit.size[0], 3), self._card.input.fill, np.uint8)
        flags = cv2.INTER_AREA if fit.width < bgr.shape[1] else cv2.INTER_LINEAR
        inner = canvas[fit.y : fit.y + fit.height, fit.x : fit.x + fit.width]
        inner[:] = cv2.resize(bgr, (fit.width, fit.height), interpolation=flags)
        outputs = self._engine.run(pixels.tensor(canvas, self._card.input, self._tables))
        if self._card.output.layout == "yunet":
            return self._with_points(outputs, fit, bgr)
        found = layouts.decode(outputs, self._card, self._card.score, fit)
        sides = np.tile([bgr.shape[1], bgr.shape[0]], 2).astype(np.float32)
        boxes = zip(found.boxes * sides, found.scores, strict=True)
        return largest_first([_guessed(box, float(score), _IN_NETWORKS) for box, score in boxes])

    def _fit(self, width: int, height: int, longest: int) -> Fit:
        if not self._any_size:
            return Fit.of(width, height, self._card.input)
        ratio = min(1.0, longest / max(width, height))
        inner = max(1, round(width * ratio)), max(1, round(height * ratio))
        across, down = (-(-side // _CELL) * _CELL for side in inner)
        return Fit(0, 0, *inner, (across, down))

    def _with_points(self, outputs: Sequence[Tensor], fit: Fit, bgr: Picture) -> list[Found]:
        try:
            boxes, scores, points = yunet.decode(outputs, self._card.score, fit.size)
        except ValueError as error:
            raise ModelError(f"model {self.name}: {error}; correct the card or the file") from error
        if not len(scores):
            return []
        kept = suppression.suppress(boxes, scores, np.zeros(len(scores), np.int32), self._card.output.iou)
        sides = np.array([bgr.shape[1], bgr.shape[0]], np.float32)
        origin, ratio = np.array([fit.x, fit.y], np.float32), sides / np.array([fit.width, fit.height], np.float32)
        corners = np.clip((boxes[kept].reshape(-1, 2, 2) - origin) * ratio, 0, sides).reshape(-1, 4).astype(np.float32)
        places = (points[kept] - origin) * ratio
        return largest_first(
            [
                Found(_box(box), place, float(score), False)
                for box, place, score in zip(corners, places, scores[kept], strict=True)
            ]
        )


class Cascade:
    """Viola and Jones, CVPR 2001. Sees faces that look ahead, and things that are none."""

    name = BUILT_IN
    notice = (
        "faces are found by OpenCV's built-in cascade, which misses many and places eyes and mouth by guess: "
        "`edged models pull yunet` fetches a better model"
    )

    def __init__(self) -> None:
        self._cascade = cv2.CascadeClassifier(
            str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml")
        )

    def find(self, bgr: Picture, longest: int = LONGEST) -> list[Found]:
        ratio = min(1.0, longest / max(bgr.shape[:2]))
        grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
        if ratio < 1:
            grey = cv2.resize(grey, None, fx=ratio, fy=ratio, interpolation=cv2.INTER_AREA)
        boxes, _, weights = self._cascade.detectMultiScale3(
            cv2.equalizeHist(grey), scaleFactor=1.1, minNeighbors=6, minSize=(24, 24), outputRejectLevels=True
        )
        corners = [np.array([x, y, x + width, y + height], np.float32) / ratio for x, y, width, height in boxes]
        scores = 1 / (1 + np.exp(-np.asarray(weights, np.float64).ravel() / 2))
        found = zip(corners, scores, strict=True)
        return largest_first([_guessed(box, float(score), _IN_CASCADES) for box, score in found])


def _guessed(box: Floats, score: float, places: Floats) -> Found:
    """A face of which only the box is known."""
    return Found(_box(box), box[:2] + places * (box[2:] - box[:2]), score, True)


def largest_first(found: list[Found]) -> list[Found]:
    return sorted(found, key=lambda face: -face.area)


def _box(corners: Floats) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = (float(value) for value in corners)
    return x1, y1, x2, y2
