"""Parts of a frame made unrecognisable."""

from collections.abc import Iterable
from dataclasses import replace

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame

from edged.camera.frames import Frame, Plane

Corners = tuple[float, float, float, float]  # x1, y1, x2, y2 in fractions

_CELLS = 6  # squares across what is hidden


def hidden(frame: Frame, areas: Iterable[Corners]) -> Frame:
    """A copy of `frame` in which nobody can tell what is in `areas`."""
    picture = VideoFrame(frame.width, frame.height, "yuv420p")
    planes = [_writable(picture, index) for index in range(3)]
    for plane, source in zip(planes, (frame.luma, *frame.chroma), strict=True):
        plane[:] = source[: plane.shape[0], : plane.shape[1]]
    picture.colorspace = frame.picture.colorspace
    picture.color_range = frame.picture.color_range
    for area in areas:
        for plane in planes:
            _coarsen(plane, area)
    return replace(frame, picture=picture, luma=planes[0], chroma=(planes[1], planes[2]))


def _coarsen(plane: Plane, area: Corners) -> None:
    height, width = plane.shape
    left, top = int(area[0] * width), int(area[1] * height)
    part = plane[top : int(np.ceil(area[3] * height)), left : int(np.ceil(area[2] * width))]
    if part.size:
        few = cv2.resize(part, (min(_CELLS, part.shape[1]), min(_CELLS, part.shape[0])), interpolation=cv2.INTER_AREA)
        part[:] = cv2.resize(few, (part.shape[1], part.shape[0]), interpolation=cv2.INTER_NEAREST)


def _writable(picture: av.VideoFrame, index: int) -> Plane:
    plane = picture.planes[index]
    lines: Plane = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    return lines[:, : plane.width]
