"""Where a capture thread leaves its frames and packets."""

import asyncio
from collections.abc import Callable

from edged.camera.frames import Frame
from edged.camera.ring import Ring
from edged.mailbox import Latest


class Outlet:
    """`latest` is the slot the detector reads; `newest` is the last frame of a running camera, for who wants a picture;
    `ring` has the packets, as they came; `tap` is called in the thread with every frame.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, preroll: float, preroll_max_bytes: int) -> None:
        self.ring = Ring(loop, preroll, preroll_max_bytes)
        self.latest: Latest[Frame] = Latest(loop)
        self.newest: Frame | None = None
        self.tap: Callable[[Frame], None] | None = None
        self._loop = loop
        self._waiting = 0
        self._arrived = asyncio.Event()

    def put(self, frame: Frame) -> None:
        """From any thread."""
        self.newest = frame
        self.latest.put(frame)
        if tap := self.tap:
            tap(frame)
        if self._waiting:
            self._loop.call_soon_threadsafe(self._arrived.set)

    def clear(self) -> None:
        """The session is over: its last frame is no live picture."""
        self.newest = None

    async def after(self, session: str, pts: int) -> Frame:
        """The newest frame, as soon as it is another than those of `session` up to `pts`."""
        self._waiting += 1
        try:
            while True:
                self._arrived.clear()
                frame = self.newest
                if frame and (frame.session != session or frame.pts > pts):
                    return frame
                await self._arrived.wait()
        finally:
            self._waiting -= 1
