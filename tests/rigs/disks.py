"""A disk of its own for a test, small enough to be filled."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SIZE = "100m"
BLOCK = bytes(64 * 1024)


@dataclass(frozen=True)
class SmallDisk:
    """At `path`. `fill()` leaves nothing of it, or so many bytes, as another program would that runs away; `clear()` makes room again."""

    path: Path

    @property
    def _filler(self) -> Path:
        return self.path / "filler"

    def fill(self, leaving: int = 0) -> None:
        with self._filler.open("ab", buffering=0) as file:
            for size in (len(BLOCK), 4096, 1):
                try:
                    while file.write(BLOCK[:size]) == size:
                        pass
                except OSError:
                    pass  # that is what it is for
            file.truncate(file.tell() // 4096 * 4096 - leaving)

    def clear(self) -> None:
        self._filler.unlink(missing_ok=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    if os.geteuid() != 0:
        pytest.skip("a small disk is a tmpfs, which only root may mount")
    path = tmp_path / "disk"
    path.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(path)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small disk is a tmpfs, and this system mounts none: {mounted.stderr.strip()}")
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)
