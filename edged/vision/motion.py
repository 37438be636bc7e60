"""Says whether a picture is worth a look: did enough of it change?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edged import config
from edged.vision import polygons

Luma = NDArray[np.uint8]
Cells = NDArray[np.float32]

_CELL_ROWS = 72
_ADAPT = 2.0  # seconds in which the background takes over 63 % of a lasting change
_SIGMAS = 5.0  # a cell that changes less than this many noise deviations has not changed
_MOST = 3.0  # times the threshold: how far noise may raise it; something that fills the picture is not noise
_DEVIATION = 1.4826  # of a normal distribution, per median absolute deviation
_ANOTHER_SCENE = 0.5  # share of cells; beyond it the light or the view changed, and the background begins anew


@dataclass(frozen=True, slots=True)
class Motion:
    """`area` is the share of the picture that moves, `open` whether to look: it moves, it did a moment ago, or a look is due."""

    moving: bool
    area: float
    open: bool


class Gate:
    """The motion gate of one camera.

    A picture is reduced to some 72 rows of cells, each the mean of four pixels, and compared with a background that follows slowly.
    The median change is taken off first, so that brightness as a whole does not count; noise raises the bar by its own spread.
    The cost is that of touching one pixel in 64: 0.1 ms for 1080p.
    """

    def __init__(self, settings: config.Motion, masks: Sequence[Sequence[polygons.Point]]) -> None:
        self._settings = settings
        self._masks = masks
        self._background: Cells = np.empty((0, 0), np.float32)
        self._watched: NDArray[np.bool_] = np.empty((0, 0), np.bool_)
        self._seen = self._moved = self._opened = -np.inf

    def look(self, luma: Luma, time: float) -> Motion:
        """`luma` (height, width) at `time` in seconds. Whoever is told `open` is taken to look."""
        if not self._settings.enabled:
            return Motion(moving=False, area=0.0, open=True)
        area = self._changed(_cells(luma), time)
        moving = area >= self._settings.min_area
        if moving:
            self._moved = time
        due = time - self._opened >= self._settings.recheck
        is_open = moving or time - self._moved <= self._settings.hold or due
        if is_open:
            self._opened = time
        return Motion(moving, area, is_open)

    def _changed(self, cells: Cells, time: float) -> float:
        """The share of the picture that differs from the background, which then follows."""
        if cells.shape != self._background.shape:
            self._watched = ~_masked(cells.shape, self._masks)
            self._background, self._seen = cells, time
            return 0.0
        change = cells - self._background
        area = self._share(change)
        if area > _ANOTHER_SCENE:
            self._background = cells
        else:
            self._background += change * np.float32(1.0 - np.exp((self._seen - time) / _ADAPT))
        self._seen = time
        return area

    def _share(self, change: Cells) -> float:
        watched = change[self._watched]
        if not len(watched):
            return 0.0
        off = np.abs(watched - _median(watched))
        threshold = self._settings.threshold
        least = min(max(threshold, _SIGMAS * _DEVIATION * _median(off)), _MOST * threshold)
        return float(np.count_nonzero(off > least)) / change.size


def _cells(luma: Luma) -> Cells:
    """Means of four pixels that lie half a cell apart."""
    step = max(1, luma.shape[0] // (2 * _CELL_ROWS))
    height, width = (side // (2 * step) * 2 * step for side in luma.shape)
    points = luma[:height:step, :width:step].astype(np.float32)
    pairs = points[::2] + points[1::2]
    cells: Cells = (pairs[:, ::2] + pairs[:, 1::2]) * np.float32(0.25)
    return cells


def _median(values: NDArray[np.float32]) -> float:
    """Of every fourth value; a cell more or less does not matter here, time does."""
    some = values[::4]
    return float(np.partition(some, len(some) // 2)[len(some) // 2])


def _masked(shape: tuple[int, ...], masks: Sequence[Sequence[polygons.Point]]) -> NDArray[np.bool_]:
    rows, columns = np.indices(shape)
    centres = np.stack([(columns.ravel() + 0.5) / shape[1], (rows.ravel() + 0.5) / shape[0]], axis=1)
    return polygons.inside_any(centres, masks).reshape(shape)
