"""How the daemon logs: a constant phrase and keys, for people on a terminal and as JSON elsewhere, never with a password."""

import logging
import os
import sys
from collections.abc import Mapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

from edged import config
from edged.camera.urls import redact

LEVEL = "EDGED_LOG_LEVEL"
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
    """A processor that also writes each event into a file, put aside when it is full. A full disk stops nobody."""

    def __init__(self, settings: config.Log) -> None:
        self._file = RotatingFileHandler(
            settings.file, maxBytes=settings.size, backupCount=settings.keep, encoding="utf-8"
        )
        self._file.handleError = lambda record: None  # type: ignore[method-assign]
        self._stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
        self._render = structlog.processors.JSONRenderer()

    def __call__(self, logger: Any, method: str, event: EventDict) -> EventDict:
        line = self._stamp(logger, method, structlog.processors.format_exc_info(logger, method, dict(event)))
        text = str(self._render(logger, method, line))
        self._file.handle(logging.LogRecord("edged", logging.INFO, "", 0, text, None, None))
        return event


def _without_secrets(_logger: Any, _method: str, event: EventDict) -> EventDict:
    return {key: redact(value) if isinstance(value, str) else value for key, value in event.items()}
