"""What nats-py keeps to itself: that a task was cancelled."""

import asyncio


def heed_cancellation() -> None:
    """Ends a task that was cancelled while nats-py waited for room in its buffer: nats-py keeps that to itself."""
    task = asyncio.current_task()
    if task and task.cancelling():
        raise asyncio.CancelledError
