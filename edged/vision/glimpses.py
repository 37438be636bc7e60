"""Boxes that became no track, for a second: a track that begins may have begun there."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from edged.vision import boxes

_SECONDS = 1.0
_GAP = 0.5  # seconds between two glimpses of the same thing, at most
_FRAMES = 32
_GROWTH = 0.4  # of width and height on each side, as for tracks
_LIKE = 0.25  # overlap of grown boxes

Box = NDArray[np.float64]


class Glimpses:
    """What was seen and not believed in the last second. Boxes are x1, y1, x2, y2 in one unit."""

    def __init__(self) -> None:
        self._frames: deque[tuple[float, boxes.Boxes, NDArray[np.int32]]] = deque(maxlen=_FRAMES)

    def keep(self, time: float, seen: boxes.Boxes, groups: NDArray[np.int32]) -> None:
        """`seen` (N, 4), each of its group of classes, at `time` in seconds, which never runs backwards."""
        while self._frames and time - self._frames[0][0] > _SECONDS:
            self._frames.popleft()
        if len(seen):
            self._frames.append((time, seen, groups))

    def before(self, time: float, box: Box, group: int) -> list[tuple[float, Box]]:
        """Where what was in `box` at `time` had been seen before that, oldest first."""
        way: list[tuple[float, Box]] = []
        for at, seen, groups in reversed(self._frames):
            if at >= time:
                continue
            if time - at > _GAP:
                break
            here = boxes.grown(box[None], _GROWTH)
            like = boxes.overlap(here, boxes.grown(seen, _GROWTH))[0] * (groups == group)
            best = int(like.argmax())
            if like[best] >= _LIKE:
                time, box = at, seen[best]
                way.append((time, box))
        return way[::-1]
