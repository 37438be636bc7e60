"""Opens a camera with libav, tuned for the kind of source it is."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, cast

import av
import av.error
from av.container import InputContainer
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from edged.camera import decoders, faults, urls
from edged.camera.clock import TICKS

Transport = Literal["auto", "tcp", "udp"]

# Formats without a clock: libav counts their pictures at 25 per second, whatever the camera does.
_CLOCKLESS = ("mpjpeg", "mjpeg", "jpeg_pipe", "h264", "hevc")

# Live, but sent in pieces of some seconds.
_SEGMENTED = ("hls", "dash")

_TRANSPORTS = {
    "auto": {"rtsp_flags": "prefer_tcp"},
    "tcp": {"rtsp_transport": "tcp"},
    "udp": {"rtsp_transport": "udp"},
}


@dataclass(frozen=True)
class Opening:
    """How to open `url`; times in seconds."""

    url: str
    transport: Transport = "auto"
    decoder: decoders.Wish = "auto"
    threads: int = 1
    open_timeout: float = 5.0
    read_timeout: float = 2.0
    audio: bool = False


@dataclass(frozen=True)
class Video:
    """An open camera. `paced`: frames come as fast as they are read, so somebody has to hold them back. `finite`: it has an end."""

    container: InputContainer
    stream: VideoStream
    decode: "Callable[[Packet[VideoStream]], list[VideoFrame]]"
    decoder: decoders.Choice
    paced: bool
    finite: bool
    clockless: bool

    @property
    def codec(self) -> str:
        return self.stream.codec_context.codec.canonical_name

    @property
    def time_base(self) -> Fraction:
        """Seconds per tick of the pictures' pts; without a clock, ticks of ours."""
        return Fraction(1, TICKS) if self.clockless or not self.stream.time_base else self.stream.time_base

    @property
    def fps(self) -> float:
        """What the stream says of itself; a guess until frames were counted."""
        return float(self.stream.average_rate or self.stream.guessed_rate or 25)


@contextmanager
def opened(opening: Opening) -> Iterator[Video]:
    """Blocks for about `open_timeout`, at most twice that. libav's errors and CameraFault come through."""
    kind = urls.kind(opening.url)
    with _container(opening, kind) as container:
        yield _video(container, opening, kind)


def _container(opening: Opening, kind: urls.Kind) -> InputContainer:
    began = time.monotonic()
    try:
        return av.open(
            ("file:" if kind == "file" else "") + urls.location(opening.url),
            format="v4l2" if kind == "device" else None,
            options=_options(opening, kind),
            timeout=(opening.open_timeout, opening.read_timeout),
        )
    except av.error.InvalidDataError:
        # what RTSP says when the timeout cuts it short
        if kind == "rtsp" and time.monotonic() - began >= opening.open_timeout:
            raise faults.silent(opening.url) from None
        raise


def _video(container: InputContainer, opening: Opening, kind: urls.Kind) -> Video:
    if not container.streams.video:
        raise faults.no_video(opening.url)
    stream = container.streams.video[0]
    if stream.codec_context is None:
        raise faults.undecodable(opening.url, "a codec unknown here")
    choice = decoders.choose(stream.codec_context.codec.canonical_name, opening.decoder)
    name = container.format.name
    clockless = kind == "http" and name in _CLOCKLESS
    finite = kind == "file" or (kind == "http" and container.duration is not None)
    return Video(
        container=container,
        stream=stream,
        decode=_decoder(stream, choice, opening.threads).decode,
        decoder=choice,
        paced=finite or name in _SEGMENTED,
        finite=finite,
        clockless=clockless,
    )


def _decoder(stream: VideoStream, choice: decoders.Choice, threads: int) -> VideoCodecContext:
    context = stream.codec_context
    if choice.name != "software":
        name = choice.decoder or context.codec.canonical_name
        context = cast(VideoCodecContext, av.CodecContext.create(name, "r", choice.hwaccel()))
        context.extradata = stream.codec_context.extradata
    # Threads cost a frame of delay each, but cameras send one slice per picture, where slice threads do nothing.
    context.thread_count = threads
    context.thread_type = "AUTO"
    return context


def _options(opening: Opening, kind: urls.Kind) -> dict[str, str]:
    options: dict[str, str] = {}
    if kind == "rtsp":
        # Measured on 10 fps H.264: 2.8 s with libav's defaults, 0.3 s with these. `fflags=nobuffer` would throw
        # away the key frame seen while probing, and so wait for the next one.
        options |= {"analyzeduration": "200000", "fpsprobesize": "0"}
        options |= _TRANSPORTS[opening.transport]
        if not opening.audio:
            options["allowed_media_types"] = "video"
    return options
