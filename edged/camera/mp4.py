"""Access units as a fragmented mp4, without decoding them."""

import io
import os
import threading
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from edged.camera.clock import TICKS
from edged.camera.units import AccessUnit

CODECS = ("h264", "hevc")  # that browsers play in mp4, the second where the device can decode it
_PART = ".part"


class Mp4:
    """Grows beside `path` and is there only when it is whole and on the disk: after a crash there is a clip or none.

    `open`, `add`, `end` and `publish` block for the disk, and raise OSError when it is full or broken, ValueError for what is no video.
    They are for any thread.
    """

    def __init__(self, path: Path) -> None:
        self.first: AccessUnit | None = None
        self.bytes = 0
        self.seconds = 0.0
        self._path = path
        self._part = path.with_name(path.name + _PART)
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None
        self._origin = 0
        self._dts = -1
        self._units = 0
        self._lock = threading.Lock()

    def open(self, first: AccessUnit) -> None:
        """`first` is a key frame, from which the description of the stream is taken; it is not written yet."""
        with self._lock:
            self._part.parent.mkdir(parents=True, exist_ok=True)
            flags = "frag_keyframe+empty_moov+default_base_moof+global_sidx"
            self._container = av.open(str(self._part), "w", format="mp4", options={"movflags": flags})
            with _described(first) as source:
                self._stream = self._container.add_stream_from_template(source.streams.video[0])
            self._stream.time_base = Fraction(1, TICKS)
            if first.codec == "hevc":
                self._stream.codec_context.codec_tag = "hvc1"  # what Safari asks for
            self._origin = first.dts
            self.first = first

    def add(self, units: list[AccessUnit]) -> None:
        with self._lock:
            assert self._container is not None, "not open, or given up"
            for unit in units:
                packet = Packet(unit.data)
                self._dts = max(unit.dts - self._origin, self._dts + 1)
                packet.dts, packet.pts = self._dts, max(unit.pts - self._origin, self._dts)
                packet.time_base = Fraction(1, TICKS)
                packet.is_keyframe = unit.key
                packet.stream = cast(VideoStream, self._stream)
                self._container.mux(packet)
                self._units += 1

    def end(self) -> None:
        """All of it is on the disk, but not under its name; `bytes` and `seconds` are known. Again does nothing."""
        with self._lock:
            if self._container is None:
                return
            self._container.close()
            self._container = None
            if _units_in(self._part) != self._units:  # libavformat is silent about a disk that fills up at the end
                raise OSError(f"{self._path.parent} did not take all of the clip: is its disk full?")
            with self._part.open("rb") as file:
                os.fsync(file.fileno())
                self.bytes = os.fstat(file.fileno()).st_size
            self.seconds = round(self._dts / TICKS, 3)

    def publish(self) -> None:
        """After `end`: the clip has its name. Again does nothing."""
        with self._lock:
            if self._part.exists():
                self._part.replace(self._path)
            sync_folder(self._path.parent)

    def discard(self) -> None:
        """There is no clip."""
        with self._lock:
            try:
                if self._container is not None:
                    self._container.close()
            except OSError:
                pass  # a full disk does not take the end either
            finally:
                self._container = None
                self._part.unlink(missing_ok=True)


def sync_folder(path: Path) -> None:
    """What was renamed in it stays so after a power cut."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def forget_parts(folder: Path) -> None:
    """Removes what a crash has left unfinished."""
    for part in folder.rglob(f"*{_PART}"):
        part.unlink(missing_ok=True)


def _units_in(path: Path) -> int:
    """How many whole access units a clip holds."""
    try:
        with av.open(str(path)) as container:
            return sum(1 for packet in container.demux(video=0) if packet.size and not packet.is_corrupt)
    except av.FFmpegError:
        return 0


def _described(first: AccessUnit) -> InputContainer:
    return av.open(io.BytesIO(first.data), "r", format=first.codec)
