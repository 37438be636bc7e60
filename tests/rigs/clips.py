"""Clips made here: three squares cross a grey picture, and the frame's number stands at the top as a bar code."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

BITS = 8
CELL = 16


def picture(number: int, width: int, height: int) -> NDArray[np.uint8]:
    """RGB of frame `number`: a red, a green and a blue square on grey; the code is white for 1, black for 0, lowest bit first."""
    rgb = np.full((height, width, 3), 96, np.uint8)
    for row, colour in enumerate(((220, 30, 30), (30, 200, 30), (40, 40, 230))):
        left, top = (number * 4 * (row + 1)) % (width - 48), CELL * 2 + row * (height - CELL * 2) // 3
        rgb[top : top + 32, left : left + 32] = colour
    for bit in range(BITS):
        rgb[:CELL, bit * CELL : (bit + 1) * CELL] = 255 * (number >> bit & 1)
    return rgb


def read_number(luma: NDArray[np.uint8], width: int) -> int:
    """The number in a picture's bar code; `width` is what it was drawn with."""
    scale = luma.shape[1] / width
    centres = [int((bit + 0.5) * CELL * scale) for bit in range(BITS)]
    return sum(int(luma[int(CELL / 2 * scale), x] > 128) << bit for bit, x in enumerate(centres))


def write(
    path: Path,
    codec: str,
    pix_fmt: str,
    *,
    count: int = 40,
    fps: int = 10,
    width: int = 320,
    height: int = 240,
    options: dict[str, str] | None = None,
    shown: list[int] | None = None,
) -> Path:
    """Encodes `count` pictures into `path`, whose ending chooses the container; `shown` gets the number of the picture in each packet."""
    with av.open(str(path), "w", format={".h265": "hevc"}.get(path.suffix)) as container:
        stream = container.add_stream(codec, rate=fps, options=options or {})
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(picture(number, width, height), "rgb24").reformat(format=pix_fmt)
            frame.pts, frame.time_base = number, Fraction(1, fps)
            packets = stream.encode(frame) + (stream.encode(None) if number == count - 1 else [])
            if shown is not None:
                shown += [packet.pts for packet in packets]
            container.mux(packets)
    return path


def _jpegs(path: Path) -> Path:
    """RTP has the usual tables in mind (RFC 2435)."""
    avi = write(path.with_suffix(".avi"), "mjpeg", "yuvj420p", options={"huffman": "default"})
    with av.open(str(avi)) as container:
        path.write_bytes(b"".join(bytes(packet) for packet in container.demux(video=0) if packet.size))
    return path


@dataclass(frozen=True)
class Clips:
    """Four seconds each, 320x240 at 10 fps."""

    mp4: Path  # H.264 with B-frames
    avi: Path  # MJPEG, full range
    gif: Path
    annexb: Path  # H.264 without B-frames, a keyframe every second, with delimiters: what the RTSP server serves
    annexb_large: Path  # the same at 640x480
    hevc: Path  # the same in H.265
    jpegs: Path  # the same as JPEGs that RTP can carry


def make(folder: Path) -> Clips:
    live = {"aud": "1", "bf": "0", "g": "10", "preset": "ultrafast", "tune": "zerolatency"}
    return Clips(
        mp4=write(folder / "b-frames.mp4", "libx264", "yuv420p", options={"bf": "2", "g": "20", "preset": "fast"}),
        avi=write(folder / "mjpeg.avi", "mjpeg", "yuvj420p"),
        gif=write(folder / "small.gif", "gif", "rgb8"),
        annexb=write(folder / "live.h264", "libx264", "yuv420p", options=live),
        annexb_large=write(folder / "large.h264", "libx264", "yuv420p", options=live, width=640, height=480),
        hevc=write(
            folder / "live.h265",
            "libx265",
            "yuv420p",
            options={"x265-params": "aud=1:bframes=0:keyint=10:log-level=none", "preset": "ultrafast"},
        ),
        jpegs=_jpegs(folder / "live.jpeg"),
    )
