"""A camera's packets as access units that can go anywhere: Annex B, and decodable from each key frame on."""

import io
from dataclasses import dataclass
from datetime import UTC, datetime

import av
import av.error
from av.bitstream import BitStreamFilterContext
from av.packet import Packet
from av.video.stream import VideoStream

from edged.camera import h264

KEPT = ("h264", "hevc")  # whose packets somebody wants
AVCC = 1  # the first byte of extradata whose packets have lengths instead of start codes
PACKED = {"h264": "h264_mp4toannexb", "hevc": "hevc_mp4toannexb"}


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One coded picture. `pts` and `dts` count as `Frame.pts`; a frame has the pts of the unit it was decoded from.

    `key` says that decoding can begin here, `reordered` that its stream has B-frames. `arrived` is monotonic seconds.
    """

    data: bytes
    codec: str
    session: str
    seq: int
    pts: int
    dts: int
    key: bool
    width: int
    height: int
    reordered: bool
    time: datetime
    arrived: float


class Units:
    """The access units of one opened stream. For one thread.

    `reordered` says that the stream has B-frames: it is shown in another order than it is sent in. What the stream says of itself
    counts until its first group of pictures has shown which is true.
    """

    def __init__(self, stream: VideoStream, codec: str, session: str) -> None:
        context = stream.codec_context
        extradata = context.extradata or b""
        packed = codec in PACKED and extradata[:1] == bytes([AVCC])
        self.reordered = bool(context.has_b_frames)
        self._size = context.width, context.height
        self._codec = codec
        self._session = session
        self._filter = BitStreamFilterContext(PACKED[codec], stream) if packed else None
        self._sets = h264.head(extradata)[0] if codec == "h264" and not packed else {}
        self._b_seen = False
        self._keys = 0

    def of(self, packet: "Packet[VideoStream]", pts: int, dts: int, seq: int, arrived: float) -> AccessUnit | None:
        """`packet` is left as it is. None for one so destroyed that it has no parts."""
        try:
            data = self._annex_b(packet)
        except av.error.InvalidDataError:
            return None
        key = packet.is_keyframe
        if self._codec == "h264":
            data = self._whole(data, key)
        return AccessUnit(
            data=data,
            codec=self._codec,
            session=self._session,
            seq=seq,
            pts=pts,
            dts=dts,
            key=key,
            width=self._size[0],
            height=self._size[1],
            reordered=self.reordered,
            time=datetime.now(UTC),
            arrived=arrived,
        )

    def _annex_b(self, packet: "Packet[VideoStream]") -> bytes:
        data = bytes(packet)
        if self._filter is None:
            return data
        copy = Packet(data)  # the filter takes what it is given
        copy.is_keyframe = packet.is_keyframe
        return b"".join(bytes(part) for part in self._filter.filter(copy))

    def _whole(self, data: bytes, key: bool) -> bytes:
        """With the parameter sets that some cameras send only when they are asked for the stream."""
        sets, b = h264.head(data)
        self._learn(key, b)
        if key and sets.get(h264.SPS, b"") != self._sets.get(h264.SPS, b""):
            self._size = _size(data) or self._size
        self._sets = self._sets | sets
        missing = [self._sets[kind] for kind in (h264.SPS, h264.PPS) if kind in self._sets and kind not in sets]
        if not key or not missing:
            return data
        kind, _, end = next(h264.parts(data), (0, 0, 0))
        after = end if kind == h264.DELIMITER else 0  # a delimiter stays first
        return data[:after] + b"".join(missing) + data[after:]

    def _learn(self, key: bool, b: bool) -> None:
        self._b_seen |= b
        self._keys += key
        if b or self._keys == 2:
            self.reordered = self._b_seen


def _size(key_frame: bytes) -> tuple[int, int] | None:
    """Width and height that its parameter sets tell; takes some milliseconds."""
    try:
        with av.open(io.BytesIO(key_frame), "r", format="h264") as container:
            context = container.streams.video[0].codec_context
            return (context.width, context.height) if context.width else None
    except (av.error.FFmpegError, IndexError):
        return None
