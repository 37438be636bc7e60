"""Files that go for good."""

import os
from pathlib import Path

_AT_ONCE = 1 << 20


def shred(path: Path) -> None:
    """Removes the file, if it is there, once its bytes are overwritten on the disk. Blocks.

    What a card or an SSD keeps of overwritten blocks by itself is out of reach.
    """
    try:
        with path.open("r+b") as file:
            left = path.stat().st_size
            while left > 0:
                left -= file.write(bytes(min(left, _AT_ONCE)))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
    except FileNotFoundError:
        return
