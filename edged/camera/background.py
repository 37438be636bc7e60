"""Blocking library calls in threads that nobody has to wait for."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def start(name: str, work: Callable[[], T]) -> asyncio.Future[T]:
    """Runs `work` in a daemon thread of its own; the future has its result.

    An executor's threads would be joined at exit. This one may be left behind, blocked in a library: cancel the future.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def tell(settle: Callable[[T], None] | Callable[[Exception], None], outcome: object) -> None:
        def unless_left() -> None:
            if not future.done():
                settle(outcome)  # type: ignore[arg-type]

        try:
            loop.call_soon_threadsafe(unless_left)
        except RuntimeError:
            if not loop.is_closed():
                raise

    def run() -> None:
        try:
            result = work()
        except Exception as error:
            tell(future.set_exception, error)
        else:
            tell(future.set_result, result)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future
