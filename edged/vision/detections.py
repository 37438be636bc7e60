"""What a detector finds in one picture, as arrays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Found:
    """N detections of one frame: `boxes` (N, 4) float32 as x1, y1, x2, y2 in fractions of the picture, clipped to it;
    `scores` (N,) float32 in 0..1; `classes` (N,) int32, indices into the detector's labels."""

    boxes: Floats
    scores: Floats
    classes: Ints

    def __len__(self) -> int:
        return len(self.scores)

    def where(self, keep: NDArray[np.bool_] | NDArray[np.intp]) -> "Found":
        return Found(self.boxes[keep], self.scores[keep], self.classes[keep])


NOTHING = Found(np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, np.int32))
