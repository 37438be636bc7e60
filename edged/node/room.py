"""Who may still write when a disk fills up: facts before pictures before clips."""

from edged.disk import RESERVE, Disk

PICTURES_SHARE = 0.1  # of what clips leave, pictures leave to facts


class Room:
    """`clips_leave` bytes are not for clips; those know by themselves. What is left below its reserve is for facts alone."""

    def __init__(self, disk: Disk, clips_leave: int) -> None:
        self._disk = disk
        self._pictures_leave = max(RESERVE, round(clips_leave * PICTURES_SHARE))

    def for_pictures(self) -> bool:
        return self._disk.free >= self._pictures_leave
