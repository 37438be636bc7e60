"""Access units from the loop to the thread that sends them."""

import threading
from collections import deque

from edged.gateway.webrtc.units import Unit

_BEHIND = 256  # access units; a receiver further behind goes on with the next key frame


class Outgoing:
    """Begins with a key frame and has no gaps but those that end in one. `dropped` counts units left out."""

    def __init__(self) -> None:
        self.dropped = 0
        self._units: deque[Unit] = deque()
        self._changed = threading.Condition()
        self._needs_key = True
        self._closed = False

    def push(self, unit: Unit) -> None:
        """From the loop; never waits."""
        with self._changed:
            if len(self._units) >= _BEHIND:
                self.dropped += len(self._units)
                self._units.clear()
                self._needs_key = True
            if self._needs_key and not unit.meta.key:
                self.dropped += 1
                return
            self._needs_key = False
            self._units.append(unit)
            self._changed.notify()

    def take(self) -> Unit | None:
        """The next one, as soon as there is one; None once closed."""
        with self._changed:
            while not self._units and not self._closed:
                self._changed.wait()
            return None if self._closed else self._units.popleft()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()
