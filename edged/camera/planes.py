"""A decoded picture's memory as arrays, without copying it."""

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from edged.camera.frames import Plane

Views = tuple[av.VideoFrame, Plane, tuple[Plane, Plane], bool]

# Planar formats by how many chroma samples to skip (rows, columns) for one in every 2x2 pixels.
_PLANAR = {"yuv420p": (1, 1), "yuv422p": (2, 1), "yuv444p": (2, 2), "yuv440p": (1, 2)}
_FULL_RANGE = 2  # AVCOL_RANGE_JPEG


class Planes:
    """Views of pictures; what no view can show is converted to yuv420p first. For one thread."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def of(self, picture: av.VideoFrame) -> Views:
        """(the picture that owns the memory, luma, (u, v), whether luma is full range); shapes as in `Frame`."""
        name = picture.format.name
        full = picture.color_range == _FULL_RANGE or name.startswith("yuvj")
        if min(plane.line_size for plane in picture.planes) <= 0:
            name = "upside down"
        match name.replace("yuvj", "yuv"):
            case "yuv420p" | "yuv422p" | "yuv444p" | "yuv440p" as planar:
                rows, columns = _PLANAR[planar]
                u, v = (_plane(picture, index)[::rows, ::columns] for index in (1, 2))
            case "nv12":
                both = _plane(picture, 1, samples=2)
                u, v = both[:, 0::2], both[:, 1::2]
            case "gray":
                u = v = np.full(((picture.height + 1) // 2, (picture.width + 1) // 2), 128, np.uint8)
            case _:
                return self.of(self._reformatter.reformat(picture, format="yuv420p"))
        return picture, _plane(picture, 0), (u, v), full


def _plane(picture: av.VideoFrame, index: int, samples: int = 1) -> Plane:
    plane = picture.planes[index]
    lines: Plane = np.asarray(memoryview(plane)).reshape(plane.height, plane.line_size)
    return lines[:, : plane.width * samples]
