"""A decoded picture, left in the decoder's own memory until somebody needs pixels."""

from dataclasses import dataclass
from datetime import datetime

import av
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture.

    `luma` is (height, width); `chroma` is (u, v), each (height/2, width/2): views into `picture`, which must not be written to.
    `full_range` says luma runs 0-255 instead of 16-235. `pts` is in 90 kHz ticks, unwrapped, never backwards in a session.
    `time` is the wall clock in UTC at arrival, `arrived` the monotonic clock in seconds at arrival, `seq` counts decoded frames of the session.
    """

    picture: av.VideoFrame
    luma: Plane
    chroma: tuple[Plane, Plane]
    full_range: bool
    width: int
    height: int
    session: str
    seq: int
    pts: int
    time: datetime
    arrived: float
