"""Room on the disk that holds what a box knows."""

import os
from dataclasses import dataclass
from pathlib import Path

# The last of the disk is kept for facts in the outbox and for the history: some 20,000 of them. The broker must not come to its end at all:
# nats-server 2.9 hangs for good at the first write for which there is no room.
RESERVE = 16_000_000


@dataclass(frozen=True)
class Disk:
    """The disk under `path`, which must exist."""

    path: Path

    @property
    def free(self) -> int:
        """Bytes that this user may still write."""
        found = os.statvfs(self.path)
        return found.f_bavail * found.f_frsize

    @property
    def trouble(self) -> str:
        """What is wrong with it and what to do, as a sentence; empty while there is room."""
        if (free := self.free) >= RESERVE:
            return ""
        megabytes = free // 1_000_000
        return f"the disk of {self.path} is full ({megabytes} MB left): make room there; facts wait until then, and nothing else is kept"
