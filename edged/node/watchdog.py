"""Signs of life for systemd, given only while work really gets done."""

import asyncio
from collections.abc import Callable

import structlog

from edged.notify import notify, watchdog_interval

log = structlog.get_logger()


async def keep_alive(stuck: Callable[[], str]) -> None:
    """Feeds systemd's watchdog; `stuck` says what makes no progress, or nothing. Ends at once where nobody watches.

    The loop's own progress is in it too: a loop that hangs feeds nothing.
    """
    interval = watchdog_interval()
    if interval is None:
        return
    while True:
        if what := stuck():
            log.error("no progress", what=what, next="systemd restarts edged")
        else:
            notify("WATCHDOG=1")
        await asyncio.sleep(interval)
