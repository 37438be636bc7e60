"""The newest frame of each camera and whose turn it is: the hand-off that both hand-written contestants use."""

import threading
import time
from typing import Generic, TypeVar

T = TypeVar("T")


class Slots(Generic[T]):
    """One slot per camera, filled by the cameras' threads, emptied in turn by the detector's. `fps` 0: every frame there is time for."""

    def __init__(self, cameras: int, fps: float) -> None:
        self._items: list[T | None] = [None] * cameras
        self._due = [0.0] * cameras
        self._interval = 1 / fps if fps else 0.0
        self._last = -1
        self._filled = threading.Condition()

    def put(self, camera: int, item: T) -> None:
        with self._filled:
            self._items[camera] = item
            self._filled.notify()

    def take(self) -> tuple[int, T]:
        """(camera, item) of the next one due; waits for it."""
        with self._filled:
            while (camera := self._next()) is None:
                self._filled.wait()
            item, self._items[camera] = self._items[camera], None
            assert item is not None
            return camera, item

    def _next(self) -> int | None:
        now, count = time.monotonic(), len(self._items)
        for step in range(1, count + 1):
            camera = (self._last + step) % count
            if self._items[camera] is not None and now >= self._due[camera]:
                self._last = camera
                # Frames come in steps of their own: counting from when it was due, not from now, keeps the asked rate.
                late = now - self._due[camera]
                self._due[camera] = now + self._interval - (late if late < self._interval else 0)
                return camera
        return None
