"""The newest access units of a camera: what came before an event, where a viewer starts, and the way from the capture thread to the loop."""

import asyncio
import threading
from collections import deque
from datetime import datetime

from edged.camera.units import AccessUnit

LATE = 1.0  # seconds a live reader may be behind


class Ring:
    """Holds at least `seconds` of units, from a key frame on, and at most `max_bytes`. `put` is for any thread, the rest for the loop.

    A group of pictures larger than `max_bytes` loses its beginning and so is of no use: the ring is then empty until the next key frame.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float, max_bytes: int) -> None:
        self.bytes = 0
        self.end = 0  # the number the next unit gets
        self._loop = loop
        self._seconds = seconds
        self._max_bytes = max_bytes
        self._units: deque[AccessUnit] = deque()
        self._keys: deque[int] = deque()
        self._lock = threading.Lock()
        self._waiting = 0
        self._arrived = asyncio.Event()

    def put(self, unit: AccessUnit) -> None:
        with self._lock:
            if unit.key:
                self._keys.append(self.end)
            self.end += 1
            if self._keys:
                self._units.append(unit)
                self.bytes += len(unit.data)
                self._forget(unit.arrived - self._seconds)
            wake = self._waiting
        if wake:
            self._loop.call_soon_threadsafe(self._arrived.set)

    def gop(self, session: str) -> list[AccessUnit]:
        """The units of `session` since its last key frame; none if there has been no key frame."""
        with self._lock:
            units = self._from(self._keys[-1]) if self._keys else []
        return units if units and units[-1].session == session else []

    def begin(self, session: str, moment: datetime) -> int:
        """The number of the last key frame of `session` at or before `moment`, or of the first one after that.

        The nearest in time, not in place: the wall clock may have been set meanwhile.
        """
        with self._lock:
            ours = [key for key in self._keys if self._unit(key).session == session]
            before = [key for key in ours if self._unit(key).time <= moment]
            if before:
                return max(before, key=lambda key: self._unit(key).time)
            return ours[0] if ours else self.end

    def reader(self, start: int | None = None, late: float = LATE) -> "Reader":
        """From the unit numbered `start` on, or from the next one; `late` is the seconds it may fall behind."""
        return Reader(self, self.end if start is None else start, late)

    async def after(self, at: int) -> None:
        """Returns when there is a unit numbered `at`."""
        self._waiting += 1
        try:
            while True:
                self._arrived.clear()
                if self.end > at:
                    return
                await self._arrived.wait()
        finally:
            self._waiting -= 1

    def take(self, at: int, late: float) -> tuple[list[AccessUnit], int]:
        """(the units numbered `at` and up, how many were passed over because they are gone or too late)."""
        with self._lock:
            if at >= self.end:
                return [], 0
            units = self._from(max(at, self._first))
            gone = max(0, self._first - at)
            behind = bool(units) and units[-1].arrived - units[0].arrived > late
            if not gone and not behind:
                return units, 0
            keys = [key for key in self._keys if key >= at]
            start = (keys[-1] if behind else keys[0]) if keys else self.end
            return self._from(start), start - at

    @property
    def _first(self) -> int:
        return self.end - len(self._units)

    def _unit(self, number: int) -> AccessUnit:
        return self._units[number - self._first]

    def _from(self, number: int) -> list[AccessUnit]:
        skipped = number - self._first
        if skipped <= len(self._units) // 2:
            return list(self._units)[skipped:]
        units = [self._units[-back] for back in range(1, self.end - number + 1)]
        units.reverse()
        return units

    def _forget(self, before: float) -> None:
        while len(self._keys) > 1 and (self.bytes > self._max_bytes or self._unit(self._keys[1]).arrived <= before):
            self._keys.popleft()
            for _ in range(self._keys[0] - self._first):
                self.bytes -= len(self._units.popleft().data)
        if self.bytes > self._max_bytes:
            self._keys.clear()
            self._units.clear()
            self.bytes = 0


class Reader:
    """Reads a ring along. `dropped` counts units passed over: one that is behind goes on with the newest key frame."""

    def __init__(self, ring: Ring, at: int, late: float) -> None:
        self.dropped = 0
        self._ring = ring
        self._at = at
        self._late = late
        self._broken = False

    async def units(self) -> list[AccessUnit]:
        """What has come since the last call, as soon as there is something."""
        while True:
            await self._ring.after(self._at)
            units, passed = self._ring.take(self._at, self._late)
            self._at += passed + len(units)
            self.dropped += passed
            self._broken |= passed > 0
            if self._broken:
                units = self._mended(units)
            if units:
                return units

    def _mended(self, units: list[AccessUnit]) -> list[AccessUnit]:
        """After a loss nothing can be decoded until a key frame."""
        start = next((index for index, unit in enumerate(units) if unit.key), len(units))
        self.dropped += start
        self._broken = start == len(units)
        return units[start:]
