"""Counts what a camera sends, and how fast."""

import threading
import time
from collections import deque

WINDOW = 4.0


class Rate:
    """Events and amounts per second over the last `WINDOW` seconds. Pure: the caller has the clock."""

    def __init__(self) -> None:
        self._events: deque[tuple[float, int]] = deque()
        self._amount = 0

    def add(self, now: float, amount: int = 1) -> None:
        self._events.append((now, amount))
        self._amount += amount
        self._forget(now)

    def per_second(self, now: float) -> float:
        """0 until there are two events."""
        self._forget(now)
        if len(self._events) < 2:
            return 0.0
        first, last = self._events[0], self._events[-1]
        return (self._amount - first[1]) / max(last[0] - first[0], 1e-3)

    def _forget(self, now: float) -> None:
        while self._events and self._events[0][0] < now - WINDOW:
            self._amount -= self._events.popleft()[1]


class Meter:
    """One camera's counters over all its sessions; its capture thread writes them, any thread reads.

    `corrupt` counts packets that could not be decoded and pictures the decoder had to mend.
    """

    def __init__(self) -> None:
        self.packets = self.bytes = self.frames = self.corrupt = 0
        self._lock = threading.Lock()
        self._frames, self._bytes = Rate(), Rate()

    def packet(self, size: int, now: float) -> None:
        with self._lock:
            self.packets += 1
            self.bytes += size
            self._bytes.add(now, size)

    def frame(self, now: float) -> None:
        with self._lock:
            self.frames += 1
            self._frames.add(now)

    def damage(self) -> None:
        with self._lock:
            self.corrupt += 1

    def rates(self) -> tuple[float, float]:
        """(frames per second, bits per second)."""
        now = time.monotonic()
        with self._lock:
            return self._frames.per_second(now), 8 * self._bytes.per_second(now)
