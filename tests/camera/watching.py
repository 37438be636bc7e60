"""A camera that runs for the length of a test, with its states on record."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from edged import config
from edged.camera.frames import Frame
from edged.camera.source import LiveCamera
from edged.messages import CameraStatus, Cause

PATIENCE = 20.0


class Watched:
    """`states` has every (status, cause, detail) so far."""

    def __init__(self, url: str, **settings: Any) -> None:
        asked = {
            "open_timeout": 2.0,
            "stall_timeout": 1.0,
            "retry_min": 0.2,
            "retry_max": 0.5,
            "doze": False,
        } | settings
        self.states: list[tuple[CameraStatus, Cause | None, str]] = []
        self._changed = asyncio.Event()
        self.camera = LiveCamera(
            config.Camera(id="front", url="redacted", **asked), url, config.Limits(), self._on_state
        )

    def _on_state(self, status: CameraStatus, cause: Cause | None, detail: str, retry_in: float | None) -> None:
        self.states.append((status, cause, detail))
        self._changed.set()

    async def state(self, status: CameraStatus) -> tuple[Cause | None, str]:
        """(cause, detail) of the next state that is `status`, the present one included."""
        try:
            async with asyncio.timeout(PATIENCE):
                while self.states[-1:] == [] or self.states[-1][0] != status:
                    await self.changed()
        except TimeoutError:
            raise AssertionError(f"not {status}, but {self.states[-3:]}") from None
        return self.states[-1][1:]

    async def cause(self, wanted: Cause) -> str:
        """The detail of the next state with this cause, the present one included."""
        async with asyncio.timeout(PATIENCE):
            while not self.states or self.states[-1][1] != wanted:
                await self.changed()
        return self.states[-1][2]

    async def changed(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    async def changed_or_frame(self) -> None:
        """Something has happened, or a little time has passed."""
        try:
            async with asyncio.timeout(0.1):
                await self.camera.outlet.latest.get()
        except TimeoutError:
            pass

    async def frames(self, count: int) -> list[Frame]:
        async with asyncio.timeout(PATIENCE):
            return [await self.camera.outlet.latest.get() for _ in range(count)]

    async def frames_for(self, seconds: float) -> list[Frame]:
        """Everything that arrives within `seconds` of the first frame."""
        seen = await self.frames(1)
        try:
            async with asyncio.timeout(seconds):
                while True:
                    seen.append(await self.camera.outlet.latest.get())
        except TimeoutError:
            return seen


@asynccontextmanager
async def watched(url: str, **settings: Any) -> AsyncIterator[Watched]:
    watch = Watched(url, **settings)
    running = asyncio.create_task(watch.camera.run())
    try:
        yield watch
    finally:
        began = time.monotonic()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert time.monotonic() - began < 0.3
        assert watch.states[-1][0] == "stopped"
