"""Access units made anew of changed pictures."""

from collections.abc import Callable
from itertools import count
from typing import cast

import av
import av.error
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from edged.camera.frames import Frame
from edged.camera.planes import Planes
from edged.camera.transcoder import Transcoder
from edged.camera.units import AccessUnit

_REMEMBERED = 64  # units that a decoder may hold back


class AsTheyCame:
    """Changes nothing."""

    def of(self, units: list[AccessUnit]) -> list[AccessUnit]:
        return units

    def rest(self) -> list[AccessUnit]:
        return []


class Recoder:
    """Decodes, changes, and encodes as H.264 without B-frames. Blocks; for one thread at a time.

    Made units have the times of those they were made of. What cannot be decoded is left out.
    """

    def __init__(self, change: Callable[[Frame], Frame]) -> None:
        self._decoder: VideoCodecContext | None = None
        self._codec = ""
        self._planes = Planes()
        self._sources: dict[int, AccessUnit] = {}
        self._made: list[AccessUnit] = []
        self._encoder = Transcoder(self._made.append, count(), change)

    def of(self, units: list[AccessUnit]) -> list[AccessUnit]:
        """What comes of `units`, which begin with a key frame the first time; a decoder may keep the last ones back."""
        for unit in units:
            if unit.codec != self._codec and self._decoder:
                self._decode(None)
                self._decoder = None
            self._codec = unit.codec
            self._sources[unit.pts] = unit
            packet = cast("Packet[VideoStream]", Packet(unit.data))
            packet.pts, packet.dts = unit.pts, unit.dts
            self._decode(packet)
        return self._taken()

    def rest(self) -> list[AccessUnit]:
        """What was kept back; nothing more can be made afterwards."""
        if self._decoder:
            self._decode(None)
        return self._taken()

    def _decode(self, packet: "Packet[VideoStream] | None") -> None:
        if self._decoder is None:
            decoder = av.CodecContext.create(self._codec, "r")
            assert isinstance(decoder, VideoCodecContext), "access units are video"
            decoder.thread_count = 1
            self._decoder = decoder
        try:
            pictures = self._decoder.decode(packet)
        except (av.error.InvalidDataError, av.error.PatchWelcomeError):
            return
        for seq, picture in enumerate(pictures):
            source = self._sources.pop(picture.pts, None) if picture.pts is not None else None
            if source is None:
                continue
            owner, luma, chroma, full_range = self._planes.of(picture)
            self._encoder.encode(
                Frame(
                    picture=owner, luma=luma, chroma=chroma, full_range=full_range, width=picture.width,
                    height=picture.height, session=source.session, seq=seq, pts=source.pts, time=source.time,
                    arrived=source.arrived,
                )
            )  # fmt: skip
        while len(self._sources) > _REMEMBERED:
            del self._sources[next(iter(self._sources))]

    def _taken(self) -> list[AccessUnit]:
        made = list(self._made)
        self._made.clear()
        return made
