"""A stream's timestamps as 90 kHz ticks since the session began, whatever the stream does to them."""

from fractions import Fraction

TICKS = 90_000
GAP = 60 * TICKS  # a longer leap ahead is another clock, not a pause
DISORDER = TICKS  # a longer step back is another clock, not disorder
WRAPS = (1 << 33, 1 << 32)  # MPEG-TS counts in 33 bits, RTP in 32


class Clock:
    """The first pts is 0; an unknown one, and the first of another clock, comes one frame after the newest before.

    It is told packets in their order of decoding, so with B-frames a pts may lie before the newest. Without them they grow strictly.
    `step` is the distance of the newest two as shown.
    """

    def __init__(self, fps: float) -> None:
        self.step = round(TICKS / fps)
        self._last = -1  # the greatest given out
        self._newest = 0  # of the stream's own, unwrapped
        self._second = 0  # the one before it in the order of showing
        self._turned = 0
        self._shift: int | None = None

    def at(self, pts: int | None, time_base: Fraction, *, reordered: bool = False) -> int:
        """`pts` of a packet, in `time_base` seconds, in session ticks; `reordered` for a stream with B-frames."""
        if pts is None:
            return self._emit(self.next)
        own = self._unwrap(pts * TICKS * time_base.numerator // time_base.denominator)
        delta = own - self._newest
        if self._shift is None or not -DISORDER <= delta <= GAP:
            self._shift, self._newest, self._second = self.next - own, own, own
        elif delta > 0:
            self._second, self._newest, self.step = self._newest, own, delta
        elif delta < 0 and own > self._second:
            self._second, self.step = own, -delta
        ticks = own + self._shift
        return ticks if reordered and own < self._newest else self._emit(ticks)

    @property
    def next(self) -> int:
        """One frame after the newest."""
        return self._last + self.step if self._last >= 0 else 0

    def restart(self) -> None:
        """The next pts is of another clock: a file has begun again."""
        self._shift, self._turned = None, 0

    def _unwrap(self, own: int) -> int:
        own += self._turned
        if self._shift is not None:
            for wrap in WRAPS:
                if abs(own + wrap - self._newest) <= GAP:
                    self._turned += wrap
                    return own + wrap
                if abs(own - wrap - self._newest) <= DISORDER:  # a B-frame from before the wrap
                    return own - wrap
        return own

    def _emit(self, ticks: int) -> int:
        self._last = max(ticks, self._last + 1)
        return self._last
