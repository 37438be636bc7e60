"""A clip is whole, or there is none."""

import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import av

from edged.camera.clock import TICKS
from edged.camera.mp4 import Mp4
from edged.camera.units import AccessUnit
from tests.rigs import clips as making
from tests.rigs.broadcast import coded
from tests.rigs.disks import SmallDisk


def units(clip: Path) -> list[AccessUnit]:
    return [
        AccessUnit(
            data=one.data, codec="h264", session="s", seq=n, pts=n * TICKS // 10, dts=n * TICKS // 10, key=one.key, width=640,
            height=480, reordered=False, time=datetime.now(UTC), arrived=time.monotonic(),
        )
        for n, one in enumerate(coded(clip))
    ]  # fmt: skip


def recorded(path: Path, units: list[AccessUnit]) -> None:
    """Raises OSError when the disk does not take it."""
    mp4 = Mp4(path)
    try:
        mp4.open(units[0])
        for unit in units:
            mp4.add([unit])
        mp4.end()
        mp4.publish()
    finally:
        mp4.discard()


def test_a_clip_holds_every_frame_that_was_added(clips: making.Clips, tmp_path: Path) -> None:
    recorded(tmp_path / "one.mp4", units(clips.annexb_large))
    with av.open(str(tmp_path / "one.mp4")) as container:
        assert len(list(container.decode(video=0))) == 40


def test_wherever_the_disk_ends_a_clip_is_whole_or_absent(clips: making.Clips, small_disk: SmallDisk) -> None:
    shot = units(clips.annexb_large)
    path = small_disk.path / "one.mp4"
    recorded(path, shot)
    needed = path.stat().st_size // 4096 + 1
    path.unlink()
    whole = 0
    for pages in range(needed + 2):
        small_disk.fill(leaving=pages * 4096)
        with suppress(OSError):
            recorded(path, shot)
            whole += 1
            with av.open(str(path)) as container:
                assert len(list(container.decode(video=0))) == 40, f"{pages} pages of {needed}"
        assert whole == len(list(small_disk.path.glob("one*")))
        path.unlink(missing_ok=True)
        small_disk.clear()
        if whole:
            return
    raise AssertionError("there was room in the end")
