"""A picture that is no part of a stream, as a frame."""

from datetime import UTC, datetime
from time import monotonic

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from edged.camera.frames import Frame
from edged.camera.planes import Planes


def pixels(jpeg: bytes) -> NDArray[np.uint8]:
    """(height, width, 3) BGR; ValueError for what is no picture."""
    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) if jpeg else None
    if decoded is None:
        raise ValueError(f"{len(jpeg)} bytes that are no picture")
    return np.asarray(decoded, np.uint8)


def frame(bgr: NDArray[np.uint8]) -> Frame:
    """The same as a detector takes it."""
    picture = av.VideoFrame.from_ndarray(bgr, format="bgr24").reformat(format="yuvj420p")
    owner, luma, chroma, full_range = Planes().of(picture)
    height, width = bgr.shape[:2]
    return Frame(owner, luma, chroma, full_range, width, height, "still", 0, 0, datetime.now(UTC), monotonic())
