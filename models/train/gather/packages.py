"""The files of a package: npm:name@1.2.3, pypi:name==1.2.3 or deb:name=1.2.3, fetched by the registry's own client and unpacked, never run."""

import subprocess
import tarfile
import tempfile
import zipfile
from pathlib import Path

from models.train.gather.sources import Source
from models.train.gather.trees import Folder, SourceError

_PATIENCE = 900.0
_FETCH = {
    "npm": ("npm", "pack", "--silent", "--ignore-scripts"),
    # wheels only: pip runs a source package's own code to look at it
    "pypi": ("pip", "download", "-q", "--no-deps", "--only-binary=:all:", "--dest", "."),
    "deb": ("apt-get", "-q", "download"),
}


def folder(source: Source, place: Path) -> Folder:
    """The package's files, fetched into `place` when they are not there. SourceError when they can't be had."""
    kind, _, wanted = source.repo.partition(":")
    files = place / source.repo.replace("/", "+").replace(":", "-")
    if not files.exists():
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place) as fetched:
            _run([*_FETCH[kind], wanted], Path(fetched))
            unpacked = Path(fetched) / "files"
            _unpack(next(file for file in Path(fetched).iterdir() if file.is_file()), unpacked)
            unpacked.rename(files)
    return Folder(files, source.commit)


def _run(command: list[str], place: Path) -> None:
    try:
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=_PATIENCE)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SourceError(f"{command[0]}: {error}") from error
    if done.returncode or not any(place.iterdir()):
        raise SourceError(f"{command[0]}: {(done.stderr.strip().splitlines() or ['fetched nothing'])[-1]}")


def _unpack(archive: Path, into: Path) -> None:
    try:
        if archive.suffix == ".deb":
            _run(["dpkg-deb", "-x", str(archive), str(into)], archive.parent)
        elif zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as packed:
                packed.extractall(into)
        else:
            with tarfile.open(archive) as packed_up:
                packed_up.extractall(into, filter="data")
    except (OSError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise SourceError(f"{archive.name} can't be unpacked: {error}") from error
