"""Access units on their way to browsers, and the clock they are sent by."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from edged.asking import VideoMeta
from edged.gateway.webrtc.packets import payloads

RATE = 90_000  # ticks a second, of pts and of RTP alike
_MASK = 0xFFFFFFFF
_GAP = RATE // 10  # between two sessions of a camera, whose clocks have nothing to do with each other
_STEP = RATE // 1000  # between pictures that are only decoded on the way to the one that is wanted


@dataclass(frozen=True, eq=False)
class Unit:
    """One access unit, Annex B. `rtp` is the time it is sent with, 90 kHz, which goes on where pts of a new session start anew."""

    meta: VideoMeta
    data: bytes
    rtp: int

    @cached_property
    def payloads(self) -> tuple[bytes, ...]:
        """Of its RTP packets; cut once for all who watch."""
        return payloads(self.data)


class Clock:
    """From pts, which begin anew with each session, to one time that only goes on."""

    def __init__(self) -> None:
        self._session: str | None = None
        self._shift = 0
        self._newest = 0

    def rtp(self, meta: VideoMeta) -> int:
        if meta.session != self._session:
            self._shift = self._newest + _GAP - meta.pts if self._session is not None else -meta.pts
            self._session = meta.session
        time = meta.pts + self._shift
        self._newest = max(self._newest, time)
        return time


def hurried(units: Sequence[Unit], after: int | None = None) -> list[int]:
    """Times a millisecond apart or less, so that a player decodes the units at once; the last keeps its own, and is the one to look at.

    All of them are later than `after`, the time of what was sent before.
    """
    if not units:
        return []
    last = units[-1].rtp
    step = _STEP if after is None else max(0, min(_STEP, (last - after) // len(units)))
    return [last - before * step for before in reversed(range(len(units)))]


def wrapped(time: int) -> int:
    """As it stands in an RTP packet: 32 bits."""
    return time & _MASK


def profile_level_id(unit: bytes) -> str | None:
    """`64001f` of the first sequence parameter set: profile, constraints and level in hex, as SDP writes them (RFC 6184, section 8.1)."""
    at = unit.find(b"\x00\x00\x01")
    while at >= 0 and at + 6 < len(unit):
        if unit[at + 3] & 0x1F == 7:
            return unit[at + 4 : at + 7].hex()
        at = unit.find(b"\x00\x00\x01", at + 3)
    return None
