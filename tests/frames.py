"""Frames for tests, made from arrays as a decoder would hand them over."""

from datetime import UTC, datetime

import av
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
