"""A clip that needs no download."""

from pathlib import Path

import av
import numpy as np


def moving_square(to: Path, *, fps: int, frames: int, size: tuple[int, int] = (320, 240)) -> Path:
    """A white square that goes from left to right over grey, one pixel a frame per frame shown."""
    width, height = size
    with av.open(str(to), "w") as out:
        stream = out.add_stream("libx264", rate=fps, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(frames):
            picture = np.full((height, width, 3), 90, np.uint8)
            left = number * (width - 64) // frames
            picture[80:144, left : left + 64] = 255
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode())
    return to
