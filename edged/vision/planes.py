"""A frame's YUV planes -> the network's input.

Each plane is resized to the network's size first, so colour conversion touches 100,000 pixels and not two million;
one table then turns a colour value into whatever number the network was trained and quantised on.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edged.camera.frames import Frame, Plane
from edged.vision.cards import Input
from edged.vision.detections import Floats
from edged.vision.tensors import Array, Spec

_CONVERSIONS = {"rgb": cv2.COLOR_YCrCb2RGB, "bgr": cv2.COLOR_YCrCb2BGR}


@dataclass(frozen=True, slots=True)
class Fit:
    """Where the picture lies in the network's input, in its pixels; `size` is the whole input (width, height)."""

    x: int
    y: int
    width: int
    height: int
    size: tuple[int, int]

    @classmethod
    def of(cls, width: int, height: int, card: Input) -> "Fit":
        """A picture of width x height as `card` wants it placed."""
        size = (card.width, card.height)
        ratio = min(size[0] / width, size[1] / height)
        inner = (max(1, round(width * ratio)), max(1, round(height * ratio)))
        match card.letterbox:
            case "stretch":
                return cls(0, 0, *size, size)
            case "centre":
                return cls((size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2, *inner, size)
            case "top-left":
                return cls(0, 0, *inner, size)
            case "none":
                return cls(0, 0, *inner, inner)

    def fractions(self, boxes: Floats) -> Floats:
        """(N, 4) boxes in the input's pixels as fractions of the picture, clipped to it."""
        origin = np.array([self.x, self.y, self.x, self.y], np.float32)
        inner = np.array([self.width, self.height, self.width, self.height], np.float32)
        fractions: Floats = np.clip((boxes - origin) / inner, np.float32(0), np.float32(1))
        return fractions


class Canvas:
    """Draws inputs of one kind, one after another in the same memory: what `draw` returned is overwritten by the next `draw`."""

    def __init__(self, card: Input, spec: Spec) -> None:
        self._card = card
        self._tables = tables(card, spec)
        self._by_pixel = np.ascontiguousarray(self._tables.T[None])
        self._drawn: tuple[int, int] | None = None

    def draw(self, frame: Frame) -> tuple[Array, Fit]:
        """The input tensor, with its batch dimension, and where the picture lies in it."""
        if self._drawn != (frame.width, frame.height):
            self._lay_out(frame.width, frame.height)
            self._drawn = (frame.width, frame.height)
        if self._card.colour == "grey":
            self._write(self._resize(frame.luma, self._planes[0]))
        else:
            self._write(self._colour(frame, _CONVERSIONS[self._card.colour]))
        return self._tensor, self._fit

    def _lay_out(self, width: int, height: int) -> None:
        """Buffers for pictures of one size. The letterbox is filled here, once."""
        self._fit = fit = Fit.of(width, height, self._card)
        self._planes = np.empty((3, fit.height, fit.width), np.uint8)
        self._mixed = np.empty((fit.height, fit.width, 3), np.uint8)
        self._colours = np.empty_like(self._mixed)
        across, down = fit.size
        shape = {"nchw": (1, 3, down, across), "nhwc": (1, down, across, 3), "hw": (down, across)}[self._card.layout]
        filling = self._tables[0 if self._card.layout == "hw" else slice(None), self._card.fill]
        self._tensor = np.empty(shape, self._tables.dtype)
        self._tensor[...] = filling.reshape(3, 1, 1) if self._card.layout == "nchw" else filling

    def _resize(self, plane: Plane, into: Plane) -> Plane:
        """Bilinear: area averaging costs ten times as much and gains the detector nothing."""
        cv2.resize(plane, (self._fit.width, self._fit.height), dst=into, interpolation=cv2.INTER_LINEAR)
        return into

    def _colour(self, frame: Frame, conversion: int) -> Plane:
        """BT.601. OpenCV's YCrCb is the full range kind, so limited range is stretched first."""
        for plane, into in zip((frame.luma, *reversed(frame.chroma)), self._planes, strict=True):
            self._resize(plane, into)
        if not frame.full_range:
            cv2.LUT(self._planes[0], _FULL_LUMA, dst=self._planes[0])
            both = self._planes[1:].reshape(-1, self._fit.width)
            cv2.LUT(both, _FULL_CHROMA, dst=both)
        cv2.merge(tuple(self._planes), dst=self._mixed)
        cv2.cvtColor(self._mixed, conversion, dst=self._colours)
        return self._colours

    def _write(self, picture: Plane) -> None:
        """`picture` through the tables into its place in the tensor, in one pass."""
        fit, tensor = self._fit, self._tensor
        rows, columns = slice(fit.y, fit.y + fit.height), slice(fit.x, fit.x + fit.width)
        match self._card.layout:
            case "nhwc":
                cv2.LUT(picture, self._by_pixel, dst=tensor[0, rows, columns])
            case "nchw":
                for channel, plane in enumerate(cv2.split(picture)):
                    cv2.LUT(plane, self._tables[channel], dst=tensor[0, channel, rows, columns])
            case "hw":
                cv2.LUT(picture, self._tables[0], dst=tensor[rows, columns])


def tables(card: Input, spec: Spec) -> Array:
    """(3, 256): the network's number for each value of each colour, in the card's order."""
    mean, scale = (np.broadcast_to(np.asarray(value), 3)[:, None] for value in (card.mean, card.scale))
    real: Array = (np.arange(256)[None] - mean) * scale
    if spec.scale:
        real = np.round(real / spec.scale + spec.zero)
    if np.issubdtype(spec.dtype, np.integer):
        limits = np.iinfo(spec.dtype)
        real = np.clip(np.round(real), limits.min, limits.max)
    return real.astype(spec.dtype)


def _stretched(low: int, high: int, middle: int, span: int) -> Plane:
    """(256,): low..high widened to `span` values about what `middle` stays at."""
    values = (np.arange(256) - middle) * (span / (high - low)) + (0 if middle == low else middle)
    table: NDArray[np.uint8] = np.clip(np.round(values), 0, 255).astype(np.uint8)
    return table


_FULL_LUMA = _stretched(16, 235, 16, 255)
_FULL_CHROMA = _stretched(16, 240, 128, 255)
