"""How many MJPEG streams are open, and how many may be."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from edged import config
from edged.gateway.errors import Problem


class Streams:
    """The open streams; `refused` counts those over the limit."""

    def __init__(self, settings: config.Gateway) -> None:
        self._limit = settings.mjpeg_clients
        self._open: set[asyncio.Task[object]] = set()
        self.refused = 0

    def __len__(self) -> int:
        return len(self._open)

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Counts the calling task as a stream. Problem 503 when there are as many as there may be."""
        if len(self._open) >= self._limit:
            self.refused += 1
            sentence = f"{self._limit} MJPEG streams are open, the most allowed (gateway.mjpeg_clients): close one"
            raise Problem(503, "limit", sentence, {"Retry-After": "5"})
        task = asyncio.current_task()
        assert task is not None, "a request runs in a task"
        self._open.add(task)
        try:
            yield
        finally:
            self._open.discard(task)

    def close(self) -> None:
        """For the end of the gateway."""
        for task in self._open:
            task.cancel()
