"""The detector of this box and whose turn it is, opened when a camera first needs them."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import structlog

from edged import config
from edged.vision.detector import Detector, open_detector
from edged.vision.turns import Turns

log = structlog.get_logger()


@dataclass(frozen=True)
class Sight:
    detector: Detector
    turns: Turns


class LazySight:
    """A box without cameras loads no model."""

    def __init__(self, settings: config.Detector, models_dir: Path, cpu: float) -> None:
        self._settings = settings
        self._models_dir = models_dir
        self._cpu = cpu
        self._opened: Sight | None = None
        self._opening = asyncio.Lock()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    @property
    def opened(self) -> Sight | None:
        return self._opened

    async def open(self) -> Sight:
        """Raises ModelError when there is no model to look with."""
        async with self._opening:
            if self._opened is None:
                detector = await self._stack.enter_async_context(open_detector(self._settings, self._models_dir))
                self._opened = Sight(detector, Turns(detector.workers, self._cpu))
                log.info("detector ready", model=detector.name, runtime=detector.runtime, device=detector.device)
                for notice in detector.notices:
                    log.warning("detector notice", notice=notice)
            return self._opened
