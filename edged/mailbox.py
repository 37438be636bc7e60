"""The two hand-offs: Latest (newest wins) and Inbox (bounded, drops counted). Neither ever blocks its producer."""

import asyncio
import threading
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Latest(Generic[T]):
    """One slot from any thread to one reader on the loop. A newer item replaces the waiting one and is counted in `replaced`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.replaced = 0
        self._loop = loop
        self._lock = threading.Lock()
        self._item: T | None = None
        self._waiting = False
        self._arrived = asyncio.Event()

    def put(self, item: T) -> None:
        """From any thread. The loop is woken only if the reader waits, so unread frames cost no wake-up."""
        with self._lock:
            self.replaced += self._item is not None
            self._item = item
            wake, self._waiting = self._waiting, False
        if wake:
            self._loop.call_soon_threadsafe(self._arrived.set)

    def take(self) -> T | None:
        """The waiting item, or None."""
        with self._lock:
            item, self._item = self._item, None
            return item

    def peek(self) -> T | None:
        """The waiting item, or None; it stays there."""
        with self._lock:
            return self._item

    def skip(self, item: T) -> None:
        """Throws `item` away if it still waits, and counts it as replaced: whatever comes next is newer."""
        with self._lock:
            if self._item is item:
                self._item = None
                self.replaced += 1

    async def get(self) -> T:
        """The newest item, as soon as there is one."""
        while (item := self.take()) is None:
            await self.ready()
        return item

    async def ready(self) -> None:
        """Returns as soon as an item waits, and leaves it there: a newer one may still replace it."""
        while not self._there():
            await self._arrived.wait()

    def _there(self) -> bool:
        with self._lock:
            self._waiting = self._item is None
            if self._waiting:
                self._arrived.clear()
            return not self._waiting


class Inbox(Generic[T]):
    """A bounded queue on the loop. When full the oldest item goes, and `dropped` counts it."""

    def __init__(self, size: int) -> None:
        self.dropped = 0
        self._items: deque[T] = deque()
        self._size = size
        self._arrived = asyncio.Event()

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: T) -> None:
        if len(self._items) >= self._size:
            self._items.popleft()
            self.dropped += 1
        self._items.append(item)
        self._arrived.set()

    async def get(self) -> T:
        while not self._items:
            self._arrived.clear()
            await self._arrived.wait()
        return self._items.popleft()
