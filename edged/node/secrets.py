"""Camera passwords: one file only this user can read, on the box that needs them and nowhere else."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec


class Secrets:
    """Camera id -> password, in `path` (mode 0600). Methods block for a disk write; call them off the loop."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, str]:
        """All of them. A damaged file raises ValueError naming it."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, str])
        except FileNotFoundError:
            return {}
        except msgspec.DecodeError as error:
            raise ValueError(f"{self._path} is damaged ({error}): remove it and enter the passwords again") from None

    def write(self, secrets: Mapping[str, str]) -> None:
        """Replaces the file, so that a crash leaves the old or the new one."""
        part = self._path.with_suffix(".part")
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(dict(secrets)))
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path)
