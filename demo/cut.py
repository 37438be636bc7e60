"""Cuts a clip out of a clip, encoded as a camera would send it: H.264, a keyframe every two seconds, no B-frames."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np


@dataclass(frozen=True)
class View:
    """A part of the picture in pixels, shown at the size `scale_to`, beginning with frame `first` and ending with the one before it."""

    x: int
    y: int
    width: int
    height: int
    scale_to: tuple[int, int]
    first: int = 0


def playable(clip: Path) -> bool:
    """Whether `clip` holds video that decodes."""
    try:
        with av.open(str(clip)) as container:
            return next(container.decode(video=0), None) is not None
    except (av.FFmpegError, IndexError):
        return False


def cut(source: Path, to: Path, view: View | None = None, *, fps: int = 10, frames: int = 0, bitrate: int = 0) -> None:
    """Writes `to` as MP4, showing `fps` of the source's frames a second, whatever its own pace.

    Without `view` the whole picture. `frames` 0: each frame of the source once; more than it has: again and again.
    `bitrate` in bits per second; 0: constant quality.
    """
    first = view.first if view else 0
    turns = itertools.repeat(first) if frames else [first]
    pictures = (_seen(picture, view) for turn in turns for picture in _turn(source, turn))
    with av.open(str(to), "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=fps, options=_encoding(fps, bitrate))
        stream.time_base = Fraction(1, fps)
        for number, picture in enumerate(itertools.islice(pictures, frames or None)):
            if number == 0:
                stream.width, stream.height, stream.pix_fmt = picture.width, picture.height, "yuv420p"
            picture.pts, picture.time_base = number, Fraction(1, fps)
            out.mux(stream.encode(picture))
        out.mux(stream.encode())


def _turn(source: Path, first: int) -> Iterator[av.VideoFrame]:
    """Each picture of the clip once, beginning with `first`; decoded twice, since a whole clip does not fit into a small box's memory."""
    for part in (slice(first, None), slice(0, first)):
        with av.open(str(source)) as container:
            yield from itertools.islice(container.decode(video=0), part.start, part.stop)


def _seen(picture: av.VideoFrame, view: View | None) -> av.VideoFrame:
    if view is None:
        return picture.reformat(format="yuv420p")
    whole = picture.to_ndarray(format="rgb24")
    part = np.ascontiguousarray(whole[view.y : view.y + view.height, view.x : view.x + view.width], np.uint8)
    shown = av.VideoFrame.from_ndarray(part, format="rgb24")
    width, height = view.scale_to
    return shown.reformat(width=width, height=height, format="yuv420p", interpolation="BICUBIC")


def _encoding(fps: int, bitrate: int) -> dict[str, str]:
    rate = {"b": str(bitrate), "maxrate": str(bitrate), "bufsize": str(bitrate)} if bitrate else {"crf": "21"}
    return {"preset": "veryfast", "bf": "0", "g": str(2 * fps), **rate}
