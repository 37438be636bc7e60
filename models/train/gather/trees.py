"""The files of a source, without a work tree: out of a git repository at a commit, or out of a folder."""

import os
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from models.train.gather.sources import Source

GITHUB = "https://github.com"
_ALONE = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
_PATIENCE = 1800.0  # seconds for one fetch


class SourceError(Exception):
    """A source that can't be had; says why."""


class Tree(Protocol):
    """`version` is the commit, or what a package says of itself."""

    version: str

    def paths(self) -> list[str]: ...

    def want(self, paths: Iterable[str]) -> None:
        """Brings these files near; SourceError when that fails."""

    def read(self, path: str) -> bytes | None:
        """The content; None when the tree names the file but hasn't got it."""


class Repository:
    """A bare repository at a commit. Make one by `opened`. `far` are blobs to be fetched before they are read."""

    def __init__(
        self, place: Path, commit: str, blobs: dict[str, str], reader: "subprocess.Popen[bytes]", far: bool
    ) -> None:
        self.version = commit
        self._place = place
        self._blobs = blobs
        self._reader = reader
        self._far = far

    def paths(self) -> list[str]:
        return list(self._blobs)

    def want(self, paths: Iterable[str]) -> None:
        if not self._far:
            return
        wanted = sorted({self._blobs[path] for path in paths})
        there = _git(self._place, "cat-file", "--batch-check", "--batch-all-objects", "--unordered").decode().split()
        missing = set(wanted).difference(there)
        if missing:
            options = ("--no-tags", "--no-write-fetch-head", "--recurse-submodules=no", "--filter=blob:none", "--stdin")
            _git(
                self._place,
                "-c",
                "fetch.negotiationAlgorithm=noop",
                "fetch",
                "-q",
                "origin",
                *options,
                given="\n".join(missing),
            )

    def read(self, path: str) -> bytes | None:
        asked, answers = self._pipes()
        asked.write(self._blobs[path].encode() + b"\n")
        asked.flush()
        words = answers.readline().split()
        if len(words) != 3:
            return None
        content = answers.read(int(words[2]))
        answers.read(1)
        return content

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._reader.stdin is None or self._reader.stdout is None or self._reader.poll() is not None:
            raise SourceError("git ended while its files were being read; run gather again")
        return self._reader.stdin, self._reader.stdout


class Folder:
    """Files that lie on the disk."""

    def __init__(self, place: Path, version: str) -> None:
        self.version = version
        self._place = place

    def paths(self) -> list[str]:
        files = (path for path in self._place.rglob("*") if path.is_file() and not path.is_symlink())
        return sorted(path.relative_to(self._place).as_posix() for path in files)

    def want(self, paths: Iterable[str]) -> None:
        """They are here."""

    def read(self, path: str) -> bytes | None:
        return (self._place / path).read_bytes()


@contextmanager
def repository(source: Source, mirrors: Path | None, clones: Path, github: str = GITHUB) -> Iterator[Repository]:
    """The source's repository: a mirror of it, else a clone without files, which come as they are wanted. SourceError when there is none."""
    place = _mirror(source, mirrors)
    far = place is None
    if place is None:
        place = clones / f"{source.repo.replace('/', '+')}.git"
        _clone(source, place, github)
    blobs = _blobs(place, source.commit)
    command = ["git", f"--git-dir={place}", "cat-file", "--batch"]
    env = {**os.environ, **_ALONE}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env
    ) as reader:
        yield Repository(place, source.commit, blobs, reader, far)


def _mirror(source: Source, mirrors: Path | None) -> Path | None:
    if mirrors is None:
        return None
    owner, name = source.repo.split("/")
    places = (
        mirrors / f"{owner}+{name}" / "repo",
        mirrors / f"{owner}+{name}" / "repo" / ".git",
        mirrors / owner / f"{name}.git",
    )
    for place in places:
        if (place / "HEAD").is_file():
            return place
    return None


def _clone(source: Source, place: Path, github: str) -> None:
    """A repository that knows the paths at the commit and no content."""
    if not (place / "HEAD").is_file():
        place.parent.mkdir(parents=True, exist_ok=True)
        _run(["git", "init", "-q", "--bare", str(place)])
        for key, value in (
            ("url", f"{github}/{source.repo}.git"),
            ("promisor", "true"),
            ("partialclonefilter", "blob:none"),
        ):
            _git(place, "config", f"remote.origin.{key}", value)
    if not _has(place, source.commit):
        _git(place, "fetch", "-q", "--depth=1", "--no-tags", "--filter=blob:none", "origin", source.commit)


def _has(place: Path, commit: str) -> bool:
    try:
        objects = _git(place, "cat-file", "--batch-check", "--batch-all-objects", "--unordered")
    except SourceError:
        return False
    return commit.encode() in objects


def _blobs(place: Path, commit: str) -> dict[str, str]:
    """Path to blob."""
    try:
        listed = _git(place, "ls-tree", "-r", "-z", "--full-tree", commit).decode(errors="surrogateescape")
    except SourceError as error:
        raise SourceError(
            f"the repository at hand has no commit {commit[:10]}; correct it, or fetch it anew"
        ) from error
    rows = (row.partition("\t") for row in listed.split("\0") if row)
    return {path: about.split()[2] for about, _, path in rows if about.split()[1] == "blob" and about[:6] != "120000"}


def _git(place: Path, *words: str, given: str = "") -> bytes:
    return _run(["git", f"--git-dir={place}", *words], given)


def _run(command: list[str], given: str = "") -> bytes:
    env = {**os.environ, **_ALONE}
    try:
        done = subprocess.run(command, input=given.encode(), capture_output=True, timeout=_PATIENCE, env=env)
    except subprocess.TimeoutExpired as error:
        raise SourceError(
            f"git took more than {_PATIENCE / 60:.0f} minutes; run gather again when the net is better"
        ) from error
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise SourceError(f"git: {lines[-1] if lines else 'ended with ' + str(done.returncode)}")
    return done.stdout
