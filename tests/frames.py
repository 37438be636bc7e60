"""Frames for tests, made from arrays as a decoder would hand them over."""

from datetime import UTC, datetime

import av
import cv2
import numpy as np
from av.video.plane import VideoPlane
from numpy.typing import NDArray

from edged.camera.frames import Frame, Plane


def of_picture(picture: av.VideoFrame, seq: int = 0, full_range: bool | None = None) -> Frame:
    """A decoded or converted picture; anything but 4:2:0 is converted to yuv420p."""
    if picture.format.name not in ("yuv420p", "yuvj420p"):
        picture = picture.reformat(format="yuv420p")
    luma, u, v = (_view(plane) for plane in picture.planes)
    return Frame(
        picture=picture,
        luma=luma[: picture.height, : picture.width],
        chroma=(u, v),
        full_range=picture.format.name == "yuvj420p" if full_range is None else full_range,
        width=picture.width,
        height=picture.height,
        session="test",
        seq=seq,
        pts=seq * 3600,
        time=datetime.now(UTC),
        arrived=seq * 0.04,
    )


def of_rgb(pixels: NDArray[np.uint8], seq: int = 0, full_range: bool = False) -> Frame:
    """(height, width, 3) RGB, even sides."""
    source = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
    wanted = {"format": "yuvj420p" if full_range else "yuv420p", "dst_colorspace": "ITU601"}
    return of_picture(source.reformat(**wanted), seq, full_range)


def of_yuv(planes: NDArray[np.uint8], seq: int = 0, full_range: bool = False) -> Frame:
    """(height * 3 / 2, width): luma, then u and v, as I420 lies in memory."""
    name = "yuvj420p" if full_range else "yuv420p"
    return of_picture(av.VideoFrame.from_ndarray(planes, format=name), seq, full_range)


def _view(plane: VideoPlane) -> Plane:
    pixels = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
    return pixels[:, : plane.width]


def with_person(width: int = 768, height: int = 432) -> tuple[Frame, tuple[float, float, float, float]]:
    """A drawn person that the small detectors take for one, and its box x1, y1, x2, y2 in fractions."""
    picture = np.full((height, width, 3), (150, 160, 150), np.uint8)
    picture[int(height * 0.55) :] = (110, 110, 105)
    unit = height * 0.005

    def at(x: float, y: float) -> tuple[int, int]:
        return int(width * 0.3 + x * unit), int(height * 0.3 + y * unit)

    cv2.ellipse(picture, at(0, 8), (int(6 * unit), int(8 * unit)), 0, 0, 360, (205, 165, 140), -1, cv2.LINE_AA)
    body = np.array([at(-12, 18), at(12, 18), at(10, 52), at(-10, 52)])
    cv2.fillPoly(picture, [body], (50, 60, 120), cv2.LINE_AA)
    for side in (-1, 1):
        cv2.line(picture, at(side * 13, 20), at(side * 15, 50), (50, 60, 120), int(5 * unit), cv2.LINE_AA)
        cv2.line(picture, at(side * 5, 50), at(side * 7, 97), (30, 30, 40), int(8 * unit), cv2.LINE_AA)
    (left, top), (right, bottom) = at(-18, 0), at(18, 101)
    return of_rgb(picture), (left / width, top / height, right / width, bottom / height)
