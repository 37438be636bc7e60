"""What a process holds, so that a test can see that all of it was let go."""

import asyncio
import gc
import threading
from collections import Counter
from pathlib import Path

# connections kept open for the next request; threads of pools that have a bound; what the node in the same process does
_KEPT = ("RequestHandler", "asyncio_", "history reader", "recogniser", "Alerts.", "_end_with", "Subscription.")
_SERVING = {
    "Board", "Feed", "Passthrough", "Peer", "Session", "Slot", "Socket", "Viewer",  # ours
    "Connection", "RTCDataChannel", "RTCDtlsTransport", "RTCIceTransport", "RTCPeerConnection", "RTCRtpSender",
    "RTCSctpTransport", "StunProtocol", "WebSocketResponse",
}  # fmt: skip

_THEIRS = ("edged.", "aiortc.", "aioice.", "aiohttp.web_ws")

Level = dict[str, Counter[str]]


def tasks() -> Counter[str]:
    names = (getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks())
    return Counter(name for name in names if not name.startswith(_KEPT))


def threads() -> Counter[str]:
    return Counter(thread.name for thread in threading.enumerate() if not thread.name.startswith(_KEPT))


def descriptors() -> Counter[str]:
    """By kind: `socket`, `pipe`, `anon_inode`. Files belong to those pools."""
    found: Counter[str] = Counter()
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            kind, _, _ = str(descriptor.readlink()).partition(":")
        except FileNotFoundError:
            continue  # that of the folder itself
        if not kind.startswith("/"):
            found[kind] += 1
    return found


def objects() -> Counter[str]:
    """Those that serve a viewer, by class."""
    gc.collect()
    kinds = (type(each) for each in gc.get_objects())
    return Counter(kind.__name__ for kind in kinds if kind.__name__ in _SERVING and kind.__module__.startswith(_THEIRS))


def level() -> Level:
    return {"tasks": tasks(), "threads": threads(), "descriptors": descriptors(), "objects": objects()}


async def steady() -> Level:
    """Once it is the same for a while: what runs beside has begun then."""
    before = level()
    while True:
        await asyncio.sleep(0.5)
        if (now := level()) == before:
            return now
        before = now


async def settled(before: Level, within: float = 30.0) -> None:
    """Waits until nothing is held beyond what was before; else says what is."""
    loop = asyncio.get_running_loop()
    until = loop.time() + within
    while more := {kind: dict(now - before[kind]) for kind, now in level().items() if now - before[kind]}:
        assert loop.time() < until, f"still held: {more}"
        await asyncio.sleep(0.1)
