"""Which tracks deserve a picture of their own, and when."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edged.subjects import Address
from edged.vision.tracker import Tracked

Luma = NDArray[np.uint8]
Corners = tuple[float, float, float, float]

MOST = 3  # pictures of a track
_BETTER = 1.5  # times the quality of the picture before
_PAUSE = 1.0  # seconds between two pictures of a track
_LOOK_AGAIN = 0.5  # seconds between two judgements of a track: sharpness costs
_CUT_OFF = 0.5  # what a box is worth that touches the edge of the picture
_EDGE = 0.005
_CROP = 64  # pixels that sharpness looks at in each direction, about


class Shot(NamedTuple):
    """Take a picture of `tracked` now. `quality` is comparable only within its track."""

    tracked: Tracked
    quality: float


def key(address: Address, session: str, track: int) -> str:
    """The name in the object store of the picture of a track; a better picture takes the place of the one before."""
    return f"{address.site}/{address.node}/{address.camera}/{session}-{track}.jpg"


def sharpness(luma: Luma, box: Corners) -> float:
    """The variance of the Laplacian over `box` (fractions) of `luma` (height, width), at about 64 by 64 pixels, plus one; 1 for an empty box.

    Focus measure of Pech-Pacheco and others, ICPR 2000.
    """
    height, width = luma.shape
    x1, y1, x2, y2 = (min(1.0, max(0.0, edge)) for edge in box)
    crop = luma[int(y1 * height) : int(y2 * height), int(x1 * width) : int(x2 * width)]
    step = max(1, min(crop.shape) // _CROP)
    grey = crop[::step, ::step].astype(np.float32)
    if min(grey.shape) < 3:
        return 1.0
    laplacian = 4.0 * grey[1:-1, 1:-1] - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]
    return 1.0 + float(laplacian.var())


class Shots:
    """Chooses the pictures of one session: the first when a track is confirmed, at most two more, each clearly better than the one before."""

    def __init__(self) -> None:
        self._best: dict[int, _Best] = {}

    def choose(self, tracks: Iterable[Tracked], at: float, sharp: Callable[[Tracked], float]) -> list[Shot]:
        """Of the tracks in the frame at `at` seconds, those to take a picture of. `sharp` is asked only of those that may get one."""
        shots = []
        for tracked in tracks:
            best = self._best.setdefault(tracked.id, _Best())
            if best.taken == MOST or at < best.next_look:
                continue
            shot = Shot(tracked, quality(tracked, sharp(tracked)))
            if shot.quality >= best.quality * _BETTER:
                best.taken, best.quality, best.next_look = best.taken + 1, shot.quality, at + _PAUSE
                shots.append(shot)
            else:
                best.next_look = at + _LOOK_AGAIN
        return shots

    def forget(self, ended: Iterable[Tracked]) -> None:
        """These tracks are over."""
        for tracked in ended:
            self._best.pop(tracked.id, None)


@dataclass(slots=True)
class _Best:
    taken: int = 0
    quality: float = 0.0
    next_look: float = float("-inf")


def quality(tracked: Tracked, sharp: float) -> float:
    """How good a picture of `tracked` is, comparable only within its track."""
    x1, y1, x2, y2 = tracked.box
    inside = min(x1, y1) > _EDGE and max(x2, y2) < 1.0 - _EDGE
    return (x2 - x1) * (y2 - y1) * tracked.score * sharp * (1.0 if inside else _CUT_OFF)
