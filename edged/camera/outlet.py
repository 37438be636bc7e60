"""Where a capture thread leaves its frames and packets."""

import asyncio
import time
from collections.abc import Callable

from edged.camera.frames import Frame
from edged.camera.ring import Ring
from edged.mailbox import Latest

AWAKE = 3.0  # seconds


class Outlet:
    """`latest` is the slot the detector reads; `newest` is the last frame of a running camera, for who wants a picture;
    `ring` has the packets, as they came; `tap` is called in the thread with every frame. A still scene is not decoded in full
    unless somebody asks for it by `keep_awake`, `after` or a tap.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, preroll: float, preroll_max_bytes: int) -> None:
        self.ring = Ring(loop, preroll, preroll_max_bytes)
        self.latest: Latest[Frame] = Latest(loop)
        self.newest: Frame | None = None
        self.tap: Callable[[Frame], None] | None = None
        self._loop = loop
        self._waiting = 0
        self._awake_until = time.monotonic() + AWAKE
        self._arrived = asyncio.Event()

    def put(self, frame: Frame) -> None:
        """From any thread."""
        self.newest = frame
        self.latest.put(frame)
        if tap := self.tap:
            tap(frame)
        if self._waiting:
            self._loop.call_soon_threadsafe(self._arrived.set)

    @property
    def wanted(self) -> bool:
        """Whether somebody needs every frame now. From any thread."""
        return self.tap is not None or self._waiting > 0 or time.monotonic() < self._awake_until

    def keep_awake(self) -> None:
        """Every frame is needed for the next seconds."""
        self._awake_until = time.monotonic() + AWAKE

    def clear(self) -> None:
        """The session is over: its last frame is no live picture."""
        self.newest = None

    async def after(self, session: str, pts: int) -> Frame:
        """The newest frame, as soon as it is another than those of `session` up to `pts`."""
        self._waiting += 1
        self.keep_awake()
        try:
            while True:
                self._arrived.clear()
                frame = self.newest
                if frame and (frame.session != session or frame.pts > pts):
                    return frame
                await self._arrived.wait()
        finally:
            self._waiting -= 1
