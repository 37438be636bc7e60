"""What a bad network, or a camera with a mind of its own, does to the RTP packets inside an RTSP connection (RFC 2326, 10.12)."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

PREFIX = 4  # dollar, channel, length
HEADER = 12  # of RTP, without extensions
TIMESTAMP = slice(PREFIX + 4, PREFIX + 8)

Change = Callable[[bytes], bytes]
"""One RTP packet of the video with its prefix, as it is to be; b"" for one that is lost."""


@dataclass
class Interleaved:
    """Cuts what a camera sends into whole RTSP messages and whole packets; what is neither comes through as it is."""

    _rest: bytes = field(default=b"", init=False)

    def feed(self, data: bytes) -> list[bytes]:
        self._rest += data
        pieces = []
        while size := self._whole():
            pieces.append(self._rest[:size])
            self._rest = self._rest[size:]
        return pieces

    def _whole(self) -> int:
        """The length of the first piece; 0 if it has not all come yet."""
        if self._rest.startswith(b"$"):
            size = PREFIX + int.from_bytes(self._rest[2:4], "big")
            return size if len(self._rest) >= max(size, PREFIX) else 0
        if not self._rest.startswith(b"RTSP/"):
            return len(self._rest)
        head, end, _ = self._rest.partition(b"\r\n\r\n")
        lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        size = len(head) + len(end) + (int(lengths[0]) if lengths else 0)
        return size if end and len(self._rest) >= size else 0


def is_video(piece: bytes) -> bool:
    """Whether it is RTP of the first stream, and no RTCP."""
    return piece.startswith(b"$\0") and len(piece) >= PREFIX + HEADER


def damaged(seed: int, share: float = 0.2, bytes_each: int = 3) -> Change:
    """In a share of the packets some bytes of the payload are others, the same ones for the same seed."""
    chance = random.Random(seed)

    def change(packet: bytes) -> bytes:
        if chance.random() >= share or len(packet) <= PREFIX + HEADER:
            return packet
        bad = bytearray(packet)
        for _ in range(bytes_each):
            bad[chance.randrange(PREFIX + HEADER, len(bad))] ^= chance.randrange(1, 256)
        return bytes(bad)

    return change


def dropped(seed: int, share: float) -> Change:
    """A share of the packets is lost."""
    chance = random.Random(seed)
    return lambda packet: b"" if chance.random() < share else packet


def timed(time: Callable[[int], int]) -> Change:
    """The RTP time is a function of what it was; it wraps at 32 bits."""

    def change(packet: bytes) -> bytes:
        was = int.from_bytes(packet[TIMESTAMP], "big")
        return packet[: TIMESTAMP.start] + (time(was) % (1 << 32)).to_bytes(4, "big") + packet[TIMESTAMP.stop :]

    return change


def foreign(parts: Sequence[bytes]) -> Change:
    """The payload is what an encoder of another kind made, in a session that was promised something else."""
    sent = iter(range(1 << 62))

    def change(packet: bytes) -> bytes:
        body = packet[PREFIX : PREFIX + HEADER] + parts[next(sent) % len(parts)]
        return packet[:2] + len(body).to_bytes(2, "big") + body

    return change


class Repeated:
    """From the next key frame on every picture of an H.264 stream is that one, with a time of its own."""

    _SLICE_OF_KEY, _FRAGMENT = 5, 28  # RFC 6184, 5.2 and 5.8

    def __init__(self) -> None:
        self._frame: list[bytes] = []
        self._key: list[bytes] = []

    def __call__(self, packet: bytes) -> bytes:
        last = packet[PREFIX + 1] & 0x80
        if self._key:
            again = (one[: TIMESTAMP.start] + packet[TIMESTAMP] + one[TIMESTAMP.stop :] for one in self._key)
            return b"".join(again) if last else b""
        self._frame.append(packet)
        if last:
            if any(self._is_key(one) for one in self._frame):
                self._key = self._frame
            self._frame = []
        return packet

    def _is_key(self, packet: bytes) -> bool:
        kind, *more = (byte & 0x1F for byte in packet[PREFIX + HEADER : PREFIX + HEADER + 2])
        return kind == self._SLICE_OF_KEY or (kind == self._FRAGMENT and more == [self._SLICE_OF_KEY])
