"""H.264 that every browser shows, made from frames in a thread of its own while somebody watches."""

import queue
from collections.abc import Callable, Iterator
from fractions import Fraction

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import ColorRange, VideoReformatter

from edged.camera.clock import TICKS
from edged.camera.frames import Frame
from edged.camera.units import AccessUnit

KEY_INTERVAL = TICKS
WIDEST = 1920  # more is too much for an encoder in software beside everything else
WAITING = 2  # frames; one that comes too soon for the encoder replaces the oldest

_OPTIONS = {
    "preset": "ultrafast",
    "tune": "zerolatency",
    "profile": "baseline",
    "crf": "25",
    "maxrate": "6M",
    "bufsize": "6M",
    "forced-idr": "1",
    "g": "100000",  # key frames are asked for by time
}


class Transcoder:
    """`run` blocks until `close`; `put` and `close` are for any thread. `emit` is called in the thread of `run`, and so is `change` with each frame.

    `numbers` gives the units their `seq`. `replaced` counts frames that the encoder was too slow for.
    """

    def __init__(
        self, emit: Callable[[AccessUnit], None], numbers: Iterator[int], change: Callable[[Frame], Frame]
    ) -> None:
        self.replaced = 0
        self._emit = emit
        self._numbers = numbers
        self._change = change
        self._frames: queue.Queue[Frame | None] = queue.Queue(WAITING)
        self._reformatter = VideoReformatter()
        self._encoder: VideoCodecContext | None = None
        self._made_for: tuple[str, int, int] = ("", 0, 0)
        self._key_at = 0

    def put(self, frame: Frame | None) -> None:
        while True:
            try:
                return self._frames.put_nowait(frame)
            except queue.Full:
                self.replaced += self._drop()

    def close(self) -> None:
        self.put(None)

    def run(self) -> None:
        while (frame := self._frames.get()) is not None:
            self.encode(frame)

    def _drop(self) -> bool:
        try:
            self._frames.get_nowait()
        except queue.Empty:
            return False
        return True

    def encode(self, frame: Frame) -> None:
        """Emits what comes of one frame; for who has a thread and does without `run`."""
        frame = self._change(frame)
        width = min(frame.width, WIDEST) // 2 * 2
        height = frame.height * width // frame.width // 2 * 2
        asked = (frame.session, width, height)
        begins = asked != self._made_for
        if self._encoder is None or begins:
            self._encoder, self._made_for = _encoder(width, height), asked
        if begins or frame.pts - self._key_at >= KEY_INTERVAL:
            self._key_at, begins = frame.pts, True
        picture = self._picture(frame, width, height)
        # the decoder's own choice of types means nothing to the encoder
        picture.pict_type = PictureType.I if begins else PictureType.NONE
        picture.pts, picture.time_base = frame.pts, Fraction(1, TICKS)
        for packet in self._encoder.encode(picture):
            self._emit(
                AccessUnit(
                    data=bytes(packet), codec="h264", session=frame.session, seq=next(self._numbers), pts=frame.pts,
                    dts=frame.pts, key=packet.is_keyframe, width=width, height=height, reordered=False, time=frame.time,
                    arrived=frame.arrived,
                )
            )  # fmt: skip

    def _picture(self, frame: Frame, width: int, height: int) -> VideoFrame:
        return self._reformatter.reformat(
            frame.picture,
            width,
            height,
            "yuv420p",
            src_color_range=ColorRange.JPEG if frame.full_range else ColorRange.MPEG,
            dst_color_range=ColorRange.MPEG,
        )


def _encoder(width: int, height: int) -> VideoCodecContext:
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base = Fraction(1, TICKS)
    encoder.framerate = Fraction(25)
    encoder.thread_count = 1
    encoder.options = dict(_OPTIONS)
    return encoder
