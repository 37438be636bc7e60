"""People cut out of a camera's frames, as jobs for whoever judges them."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import structlog

from edged import messages as m
from edged.bus.jobs import Jobs
from edged.bus.link import BusError
from edged.camera import jpeg
from edged.camera.frames import Frame
from edged.mailbox import Inbox
from edged.scene.looks import Taken
from edged.scene.presence import box_of
from edged.subjects import Address

log = structlog.get_logger()

LONGEST = 800  # pixels of a side
QUALITY = 90
_WAITING = 4
_MARGIN = 0.08  # of the box: helmets stick out of it
_LOG_PERIOD = 60.0


class Crops:
    """`run()` cuts and hands out; when it falls behind, or the broker is away, crops are given up: each person is looked at several times."""

    def __init__(self, address: Address, jobs: Jobs, threads: ThreadPoolExecutor) -> None:
        self._address = address
        self._jobs = jobs
        self._threads = threads
        self._waiting: Inbox[tuple[Frame, Taken, str, tuple[str, ...]]] = Inbox(_WAITING)

    def put(self, frame: Frame, taken: Taken, label: str, items: tuple[str, ...]) -> None:
        self._waiting.put((frame, taken, label, items))

    async def run(self) -> None:
        loop, said = asyncio.get_running_loop(), float("-inf")
        while True:
            frame, taken, label, items = await self._waiting.get()
            wanted = around(box_of(taken.tracked))
            data, area, size = await loop.run_in_executor(self._threads, jpeg.cut, frame, wanted, LONGEST, QUALITY)
            try:
                await self._jobs.put(self._crop(frame, taken, label, items, area, size), data)
            except BusError as error:
                if time.monotonic() - said > _LOG_PERIOD:
                    said = time.monotonic()
                    log.warning("crops given up", camera=self._address.camera, error=str(error))

    def _crop(
        self, frame: Frame, taken: Taken, label: str, items: tuple[str, ...], area: m.Box, size: tuple[int, int]
    ) -> m.CropTaken:
        tracked, (site, node, camera) = taken.tracked, self._address
        return m.CropTaken(
            site=site, node=node, camera=camera, time=frame.time, wanted="ppe", session=frame.session, track=tracked.id,
            id=f"{node}.{camera}.{frame.session}.{tracked.id}.{taken.round}.ppe.{frame.seq}", round=taken.round,
            pts=frame.pts, label=label, score=tracked.score, box=box_of(tracked), area=area, width=size[0],
            height=size[1], items=items,
        )  # fmt: skip


def around(box: m.Box) -> m.Box:
    """`box` with a margin, within the picture."""
    x, y, width, height = box
    left, top = max(0.0, x - _MARGIN * width), max(0.0, y - _MARGIN * height)
    return left, top, min(1.0, x + (1 + _MARGIN) * width) - left, min(1.0, y + (1 + _MARGIN) * height) - top
