"""How the daemon logs: a constant phrase and keys, for people on a terminal and as JSON elsewhere, never with a password."""

import json
import logging
import os
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

from edged import config
from edged.camera.urls import redact

LEVEL = "EDGED_LOG_LEVEL"
HOUR, DAY = 3600.0, 86_400.0
LEVELS = ("debug", "info", "warning", "error")


class LogError(Exception):
    """The log cannot be written as wanted; the text says what, where and what next."""


def begin(settings: config.Log, environ: Mapping[str, str] = os.environ) -> None:
    """Sets up structlog for the process. Raises LogError."""
    level = environ.get(LEVEL, "").lower() or settings.level
    if level not in LEVELS:
        raise LogError(f"{LEVEL}={level}: use one of {', '.join(LEVELS)}")
    console = settings.format == "console" or (settings.format == "auto" and sys.stderr.isatty())
    renderer: Any = structlog.dev.ConsoleRenderer(pad_event=28) if console else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _without_secrets,
            *_into_file(settings),
            structlog.processors.TimeStamper(fmt="%H:%M:%S" if console else "iso", utc=not console),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.CRITICAL)


def _into_file(settings: config.Log) -> list[Processor]:
    if not settings.file:
        return []
    try:
        Path(settings.file).parent.mkdir(parents=True, exist_ok=True)
        return [_File(settings)]
    except OSError as error:
        raise LogError(f"log.file {settings.file}: {error.strerror}: name a file that may be written") from None


class _File:
    """A processor that also writes each event into a file, put aside when it is full or half as old as may be. A full disk stops nobody."""

    def __init__(self, settings: config.Log) -> None:
        self._file = RotatingFileHandler(
            settings.file, maxBytes=settings.size, backupCount=settings.keep, encoding="utf-8"
        )
        self._file.handleError = lambda record: None  # type: ignore[method-assign]
        self._max_age = settings.max_age_days * DAY
        self._stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
        self._render = structlog.processors.JSONRenderer()
        self._looked = float("-inf")

    def __call__(self, logger: Any, method: str, event: EventDict) -> EventDict:
        if time.monotonic() - self._looked > HOUR:
            self._looked = time.monotonic()
            with suppress(OSError):
                self._forget(time.time())
        line = self._stamp(logger, method, structlog.processors.format_exc_info(logger, method, dict(event)))
        text = str(self._render(logger, method, line))
        self._file.handle(logging.LogRecord("edged", logging.INFO, "", 0, text, None, None))
        return event

    def _forget(self, now: float) -> None:
        """So that no line is kept for longer than it may, and none for less than half of that because of its age."""
        path = Path(self._file.baseFilename)
        if now - _begun(path) > self._max_age / 2:
            self._file.doRollover()
        for aside in path.parent.glob(f"{path.name}.*"):
            if aside.suffix[1:].isdecimal() and now - _begun(aside) > self._max_age:
                aside.unlink()


def _begun(path: Path) -> float:
    """When the first line of a file was written; of one that has none, when it was written to last."""
    with path.open("rb") as file:
        try:
            return datetime.fromisoformat(json.loads(file.readline())["timestamp"]).timestamp()
        except (ValueError, KeyError, TypeError):
            return os.fstat(file.fileno()).st_mtime


def _without_secrets(_logger: Any, _method: str, event: EventDict) -> EventDict:
    return {key: redact(value) if isinstance(value, str) else value for key, value in event.items()}
