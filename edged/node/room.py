"""Who may still write when a disk fills up: facts before pictures before clips."""

import shutil
from pathlib import Path

from edged.nats_server import LEAST_ROOM

PICTURES_SHARE = 0.1  # of what clips leave, pictures leave to facts


class Room:
    """On the disk of `state`. `clips_leave` bytes are not for clips; those know by themselves."""

    def __init__(self, state: Path, clips_leave: int) -> None:
        self._state = state
        self._pictures_leave = max(LEAST_ROOM, round(clips_leave * PICTURES_SHARE))

    def for_pictures(self) -> bool:
        return self._free() >= self._pictures_leave

    def for_facts(self) -> bool:
        """Else they wait on the disk, in the outbox, and when even that is full, in memory."""
        return self._free() >= LEAST_ROOM

    def _free(self) -> int:
        return shutil.disk_usage(self._state).free
