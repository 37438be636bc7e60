"""Looks at frames: a model in worker threads, one of which draws the next input and reads the last output while the others are in the network.

On a CPU two networks of half the threads each run side by side: threads of one network wait for each other, and the more so the busier the box.
Measured on two cores with four 720p25 cameras being decoded, int8 yolov8n 416, frames per second: one network of two threads 102, two of one thread 160.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from edged import config
from edged.camera.frames import Frame
from edged.vision import cards, layouts, loading
from edged.vision.cards import Card
from edged.vision.choice import Choice, choose
from edged.vision.detections import Found
from edged.vision.planes import Canvas, Fit
from edged.vision.tensors import Engine

_ON_CPU = 2  # networks side by side
_THREADS = _ON_CPU + 1


class Timing(NamedTuple):
    """Seconds one frame took; waiting for a free network is in none of them."""

    input: float
    invoke: float
    output: float


class Detector:
    """A model at work. Make one by `open_detector`.

    `labels` are what `Found.classes` count, `score` is where the model is at its best, `follow` what carries a track on;
    `notices` say what is not as it was asked to be.
    """

    def __init__(
        self, card: Card, engines: list[Engine], threads: ThreadPoolExecutor, notices: tuple[str, ...]
    ) -> None:
        self.name: str = card.name
        self.labels = cards.labels(card)
        self.score: float = card.score
        self.follow: float | None = card.follow
        self.runtime = engines[0].runtime
        self.device = engines[0].device + (f" in each of {len(engines)} networks" if len(engines) > 1 else "")
        self.notices = notices + ((engines[0].notice,) if engines[0].notice else ())
        self.workers = len(engines) + 1
        self._card = card
        self._threads = threads
        self._meter = _Meter()
        self._canvases = [Canvas(card.input, engines[0].input) for _ in range(_THREADS)]
        self._free: SimpleQueue[Engine] = SimpleQueue()
        for engine in engines:
            self._free.put(engine)

    async def detect(self, frame: Frame, min_score: float) -> tuple[Found, Timing]:
        """What is in `frame` with at least `min_score`. ModelError when the network fails; cancelling leaves the workers whole."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._look, frame, min_score)

    @property
    def busy(self) -> float:
        """Share of the time since last asked in which a network was running, 0 to 1."""
        return self._meter.share()

    @property
    def inside(self) -> float:
        """Seconds that the longest inference going on has taken so far; 0 between two."""
        return self._meter.longest()

    def _look(self, frame: Frame, min_score: float) -> tuple[Found, Timing]:
        canvas = self._canvases.pop()
        try:
            begun = time.perf_counter()
            tensor, fit = canvas.draw(frame)
            drawn = time.perf_counter()
            engine = self._free.get()
            entered = self._meter.start()
            try:
                outputs = engine.run(tensor)
            finally:
                left = self._meter.stop()
                self._free.put(engine)
        finally:
            self._canvases.append(canvas)
        found = layouts.decode(outputs, self._card, min_score, fit)
        return found, Timing(drawn - begun, left - entered, time.perf_counter() - left)


@asynccontextmanager
async def open_detector(settings: config.Detector, folder: Path) -> AsyncIterator[Detector]:
    """The detector of `settings`, with model files in `folder`; ModelError says why there is none.

    The file of a model that is named may be fetched first; without an answer from its source that is given up within five seconds.
    """
    choice = await choose(settings, folder)
    threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="detector")
    try:
        engines = await asyncio.get_running_loop().run_in_executor(threads, _ready, choice, settings)
        yield Detector(choice.model.card, engines, threads, choice.notices)
    finally:
        await asyncio.to_thread(threads.shutdown, cancel_futures=True)


def _ready(choice: Choice, settings: config.Detector) -> list[Engine]:
    """The engines, proven on an empty picture: a file that isn't what its card says is found here and not in the middle of the night."""
    card = choice.model.card
    count = min(_ON_CPU, settings.threads)
    share = replace(settings, threads=settings.threads // count)
    engines = [loading.load(card, choice.model.file, share)]
    while engines[0].on_cpu and len(engines) < count:
        engines.append(loading.load(card, choice.model.file, share))
    for engine in engines:
        outputs = engine.run(np.zeros(card.input.shape, engine.input.dtype))
        layouts.decode(outputs, card, card.score, Fit.of(card.input.width, card.input.height, card.input))
    return engines


class _Meter:
    """How much of the time at least one thing was going on, between its `start` and its `stop`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked = time.perf_counter()
        self._sum = 0.0
        self._since = self._asked
        self._going: dict[int, float] = {}  # since when, by thread

    def start(self) -> float:
        with self._lock:
            now = self._count()
            self._going[threading.get_ident()] = now
            return now

    def stop(self) -> float:
        with self._lock:
            now = self._count()
            del self._going[threading.get_ident()]
            return now

    def longest(self) -> float:
        with self._lock:
            return time.perf_counter() - min(self._going.values()) if self._going else 0.0

    def share(self) -> float:
        with self._lock:
            now = self._count()
            share = self._sum / max(now - self._asked, 1e-9)
            self._sum, self._asked = 0.0, now
            return min(share, 1.0)

    def _count(self) -> float:
        """Adds what has passed since the last change; the time now."""
        now = time.perf_counter()
        if self._going:
            self._sum += now - self._since
        self._since = now
        return now
