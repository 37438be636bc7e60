"""Clips that are complete, and that nobody knows of yet: what is to be told lies beside them until it is in the outbox."""

import os
from pathlib import Path

import msgspec

from edged.messages import ClipReady

_NOTE = ".untold"
_decode = msgspec.json.Decoder(ClipReady).decode


def note(clip: Path, ready: ClipReady) -> None:
    """On the disk when it returns; the clip itself may get its name now. Blocks, raises OSError."""
    with _beside(clip).open("wb") as file:
        file.write(msgspec.json.encode(ready))
        file.flush()
        os.fsync(file.fileno())


def forget(clip: Path) -> None:
    _beside(clip).unlink(missing_ok=True)


def left(folder: Path) -> list[tuple[Path, ClipReady]]:
    """Each clip that a crash left untold. Notes of clips that never got their name go."""
    found = []
    for path in folder.rglob(f"*{_NOTE}"):
        clip = path.with_name(path.name.removesuffix(_NOTE))
        try:
            if clip.exists():
                found.append((clip, _decode(path.read_bytes())))
                continue
        except msgspec.MsgspecError:
            pass  # the disk was hurt; the clip stays what it is, a file that nobody is told of
        path.unlink(missing_ok=True)
    return found


def _beside(clip: Path) -> Path:
    return clip.with_name(clip.name + _NOTE)
