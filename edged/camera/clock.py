"""A stream's timestamps as 90 kHz ticks since the session began, whatever the stream does to them."""

from fractions import Fraction

TICKS = 90_000
GAP = 60 * TICKS  # a longer leap ahead is another clock, not a pause
DISORDER = TICKS  # a longer step back is another clock, not disorder
WRAPS = (1 << 33, 1 << 32)  # MPEG-TS counts in 33 bits, RTP in 32


class Clock:
    """Strictly growing pts. The first is 0; an unknown one, and the first of another clock, comes one frame after the one before."""

    def __init__(self, fps: float) -> None:
        self._step = round(TICKS / fps)
        self._last = -1
        self._newest = 0  # of the stream's own, unwrapped
        self._turned = 0
        self._shift: int | None = None

    def at(self, pts: int | None, time_base: Fraction) -> int:
        """`pts` of a frame, in `time_base` seconds, in session ticks."""
        if pts is None:
            return self._emit(self._next())
        own = self._unwrap(pts * TICKS * time_base.numerator // time_base.denominator)
        delta = own - self._newest
        if self._shift is None or not -DISORDER <= delta <= GAP:
            self._shift, self._newest = self._next() - own, own
        elif delta > 0:
            self._step, self._newest = delta, own
        return self._emit(own + self._shift)

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
        return own

    def _next(self) -> int:
        return self._last + self._step if self._last >= 0 else 0

    def _emit(self, ticks: int) -> int:
        self._last = max(ticks, self._last + 1)
        return self._last
