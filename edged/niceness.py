"""Threads that give way to others. On Linux each thread has its own niceness."""

import os
import threading
from contextlib import suppress


def be_nice() -> None:
    """From now on this thread gets what looking at frames and decoding them leave over: it works for people, who can wait a moment."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
