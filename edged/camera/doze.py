"""Spares decoding while nothing happens: of a still scene only the key frames are decoded, the packets between them are kept.

When somebody wants frames, or a packet grows because something stirs, what was kept is decoded first, so the decoder misses nothing.
"""

from typing import Generic, TypeVar

LONGEST = 5.0  # seconds between key frames; beyond that too much would wait to be decoded, and a look is due anyway
_STIR = 3.0  # times the usual size of a packet that only says "as before" …
_NOISE = 400  # … and so many bytes more: tiny packets vary
_USUAL = 0.1  # weight of a new packet in the usual size
_LEARN = 8  # packets until the usual size is known
_UP = 1.0  # seconds to stay up after a stir; whoever looks then asks for more

P = TypeVar("P")


class Doze(Generic[P]):
    """Says which packets to decode. Only for streams whose pictures come in the order of their packets."""

    def __init__(self) -> None:
        self._kept: list[P] = []
        self._key_at: float | None = None
        self._gap: float | None = None
        self._usual = 0.0
        self._known = 0
        self._up_until = 0.0

    def take(self, packet: P, *, key: bool, size: int, now: float, wanted: bool) -> list[P]:
        """What to decode now, `packet` last; nothing while it may wait. `wanted`: somebody needs every frame."""
        if key:
            self._kept.clear()
            self._gap = None if self._key_at is None else now - self._key_at
            self._key_at = now
            return [packet]
        stirs = self._stirs(size)
        if stirs:
            self._up_until = now + _UP
        if wanted or stirs or now < self._up_until or not self._regular(now):
            ready = [*self._kept, packet]
            self._kept.clear()
            return ready
        self._kept.append(packet)
        return []

    def _regular(self, now: float) -> bool:
        """Whether key frames come often enough to watch by them."""
        if self._gap is None or self._key_at is None:
            return False
        return self._gap <= LONGEST and now - self._key_at <= LONGEST

    def _stirs(self, size: int) -> bool:
        """Whether a packet is far larger than those before. A busy scene's own size becomes the usual one soon."""
        stirs = self._known >= _LEARN and size > _STIR * self._usual + _NOISE
        self._known += 1
        self._usual += (size - self._usual) * (_USUAL if self._known > _LEARN else 1.0 / self._known)
        return stirs
