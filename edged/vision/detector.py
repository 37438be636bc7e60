"""Looks at frames: a model, and two threads of which one draws the next input and reads the last output while the other is in the network."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from edged import config
from edged.camera.frames import Frame
from edged.vision import cards, layouts, loading
from edged.vision.cards import Card
from edged.vision.choice import Choice, choose
from edged.vision.detections import Found
from edged.vision.planes import Canvas, Fit
from edged.vision.tensors import Engine

_WORKERS = 2


class Timing(NamedTuple):
    """Seconds one frame took; waiting for the other worker to leave the network is in none of them."""

    input: float
    invoke: float
    output: float


class Detector:
    """An engine with its card. Make one by `open_detector`.

    `labels` are what `Found.classes` count, `score` is where the model is at its best, `notices` say what is not as it was asked to be.
    """

    def __init__(self, card: Card, engine: Engine, threads: ThreadPoolExecutor, notices: tuple[str, ...]) -> None:
        self.name: str = card.name
        self.labels = cards.labels(card)
        self.score: float = card.score
        self.runtime = engine.runtime
        self.device = engine.device
        self.notices = notices + ((engine.notice,) if engine.notice else ())
        self.workers = _WORKERS
        self._card = card
        self._engine = engine
        self._threads = threads
        self._network = threading.Lock()
        self._meter = _Meter()
        self._canvases = [Canvas(card.input, engine.input) for _ in range(_WORKERS)]

    async def detect(self, frame: Frame, min_score: float) -> tuple[Found, Timing]:
        """What is in `frame` with at least `min_score`. ModelError when the network fails; cancelling leaves the workers whole."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._look, frame, min_score)

    @property
    def busy(self) -> float:
        """Share of the time since last asked in which the network was running, 0 to 1."""
        return self._meter.share()

    @property
    def inside(self) -> float:
        """Seconds that the inference going on has taken so far; 0 between two."""
        return self._meter.since()

    def _look(self, frame: Frame, min_score: float) -> tuple[Found, Timing]:
        canvas = self._canvases.pop()
        try:
            begun = time.perf_counter()
            tensor, fit = canvas.draw(frame)
            drawn = time.perf_counter()
            with self._network:
                entered = self._meter.start()
                try:
                    outputs = self._engine.run(tensor)
                finally:
                    left = self._meter.stop()
        finally:
            self._canvases.append(canvas)
        found = layouts.decode(outputs, self._card, min_score, fit)
        return found, Timing(drawn - begun, left - entered, time.perf_counter() - left)


@asynccontextmanager
async def open_detector(settings: config.Detector, folder: Path) -> AsyncIterator[Detector]:
    """The detector of `settings`, with model files in `folder`; ModelError says why there is none.

    `auto` may fetch the default model first; without an answer from its source it is decided within five seconds to do without.
    """
    choice = await choose(settings, folder)
    threads = ThreadPoolExecutor(_WORKERS, thread_name_prefix="detector")
    try:
        engine = await asyncio.get_running_loop().run_in_executor(threads, _ready, choice, settings)
        yield Detector(choice.model.card, engine, threads, choice.notices)
    finally:
        await asyncio.to_thread(threads.shutdown, cancel_futures=True)


def _ready(choice: Choice, settings: config.Detector) -> Engine:
    """The engine, proven on an empty picture: a file that isn't what its card says is found here and not in the middle of the night."""
    card = choice.model.card
    engine = loading.load(card, choice.model.file, settings)
    outputs = engine.run(np.zeros(card.input.shape, engine.input.dtype))
    layouts.decode(outputs, card, card.score, Fit.of(card.input.width, card.input.height, card.input))
    return engine


class _Meter:
    """How much of the time something was going on. `start` and `stop` alternate."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked = time.perf_counter()
        self._sum = 0.0
        self._since: float | None = None
        self._started: float | None = None

    def start(self) -> float:
        with self._lock:
            self._since = self._started = time.perf_counter()
            return self._since

    def stop(self) -> float:
        with self._lock:
            now = time.perf_counter()
            self._sum += now - (now if self._since is None else self._since)
            self._since = self._started = None
            return now

    def since(self) -> float:
        with self._lock:
            return 0.0 if self._started is None else time.perf_counter() - self._started

    def share(self) -> float:
        with self._lock:
            now = time.perf_counter()
            if self._since is not None:
                self._sum += now - self._since
                self._since = now
            share = self._sum / max(now - self._asked, 1e-9)
            self._sum, self._asked = 0.0, now
            return min(share, 1.0)
