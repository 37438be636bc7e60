"""Notices a camera that sends the very same picture again and again."""

from edged.camera.frames import Plane

STEP = 16


class Frozen:
    """Compares every 16th pixel of every 16th line: sensor noise changes some of them in every frame of a live camera."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._seen = b""
        self._since = 0.0

    def is_after(self, luma: Plane, now: float) -> bool:
        """Whether `luma` has been the same for the timeout; never with a timeout of 0."""
        if not self._timeout:
            return False
        cells = luma[::STEP, ::STEP].tobytes()
        if cells != self._seen:
            self._seen, self._since = cells, now
        return now - self._since >= self._timeout
