"""People cut out of a camera's frames, as jobs for whoever judges them."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

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
from edged.vision.tracker import Tracked

log = structlog.get_logger()

LONGEST = 800  # pixels of a side
LONGEST_PERSON = 1280  # a face is an eighth of a figure
QUALITY = 90
_WAITING = 8
_MARGIN = 0.08  # of the box: helmets stick out of it
_MARGIN_FACE = 0.6  # where the tracks are faces
_FACE = "face"
_LOG_PERIOD = 60.0


class Cut(NamedTuple):
    """Cut `area` out of `frame`, a side being at most `longest` pixels; `job` makes the job of the area it shows and its size."""

    frame: Frame
    area: m.Box
    longest: int
    job: Callable[[m.Box, tuple[int, int]], m.AnyJob]


class Crops:
    """`run()` cuts and hands out; when it falls behind, or the broker is away, crops are given up: each person is looked at several times."""

    def __init__(self, address: Address, jobs: Jobs, threads: ThreadPoolExecutor) -> None:
        self._address = address
        self._jobs = jobs
        self._threads = threads
        self._waiting: Inbox[Cut] = Inbox(_WAITING)

    def put(self, frame: Frame, taken: Taken, label: str, items: tuple[str, ...]) -> None:
        """To be judged for its protective equipment."""
        job = partial(self._crop, frame, taken, label, items)
        self._waiting.put(Cut(frame, around(box_of(taken.tracked)), LONGEST, job))

    def put_person(self, frame: Frame, tracked: Tracked, label: str, body: bool) -> None:
        """To be recognised, by the whole figure too if `body`."""
        area = around(box_of(tracked), _MARGIN_FACE if label == _FACE else _MARGIN)
        self._waiting.put(Cut(frame, area, LONGEST_PERSON, partial(self._person, frame, tracked, label, body)))

    async def run(self) -> None:
        loop, said = asyncio.get_running_loop(), float("-inf")
        while True:
            cut = await self._waiting.get()
            data, area, size = await loop.run_in_executor(
                self._threads, jpeg.cut, cut.frame, cut.area, cut.longest, QUALITY
            )
            try:
                await self._jobs.put(cut.job(area, size), data)
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

    def _person(
        self, frame: Frame, tracked: Tracked, label: str, body: bool, area: m.Box, size: tuple[int, int]
    ) -> m.PersonTaken:
        site, node, camera = self._address
        return m.PersonTaken(
            site=site, node=node, camera=camera, time=frame.time, session=frame.session, track=tracked.id,
            id=f"{node}.{camera}.{frame.session}.{tracked.id}.person.{frame.seq}", pts=frame.pts, label=label,
            score=tracked.score, box=box_of(tracked), area=area, width=size[0], height=size[1], body=body,
        )  # fmt: skip


def around(box: m.Box, margin: float = _MARGIN) -> m.Box:
    """`box` with a margin, within the picture."""
    x, y, width, height = box
    left, top = max(0.0, x - margin * width), max(0.0, y - margin * height)
    return left, top, min(1.0, x + (1 + margin) * width) - left, min(1.0, y + (1 + margin) * height) - top
