"""When to show the frames of a file."""

from edged.camera.clock import TICKS

LATE = 0.5


class Pace:
    """Frames fall due by their timestamps from the first one on, so errors do not add up.

    After falling more than `LATE` seconds behind it goes on from there: a slow box shows slow motion rather than a burst.
    """

    def __init__(self) -> None:
        self._origin: float | None = None

    def wait(self, pts: int, now: float) -> float:
        """Seconds from `now` until the frame at `pts` is due."""
        media = pts / TICKS
        if self._origin is None or self._origin + media < now - LATE:
            self._origin = now - media
        return max(0.0, self._origin + media - now)
