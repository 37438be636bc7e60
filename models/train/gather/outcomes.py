"""What became of each file of a source, written down line by line, so that an ended run goes on where it was."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from models.train.gather.sources import Source


class Outcome(Struct, omit_defaults=True):
    """A picture that was taken in, or why it was `dropped`; `twin` is the file it equals.

    `own` and `crowds` are the source's boxes, `own` None where it says nothing of the picture; `seen` are the teacher's, with a score.
    All are pixels of `image`, the stored picture of `width` x `height`.
    """

    path: str
    dropped: str = ""
    twin: str = ""
    image: str = ""
    width: int = 0
    height: int = 0
    own: list[tuple[float, float, float, float]] | None = None
    crowds: list[tuple[float, float, float, float]] = []
    seen: list[tuple[float, float, float, float, float]] = []
    sha256: str = ""
    thumbnail: bytes = b""


def book(place: Path, source: Source) -> Path:
    """Where outcomes are written down; begun anew when the source is read in another way than before."""
    place.mkdir(parents=True, exist_ok=True)
    how, found = place / "how.json", place / "outcomes.jsonl"
    reading = (source.repo, source.commit, source.labels, source.labels_file, source.persons, source.classes_file)
    now = msgspec.json.encode((*reading, source.aspect))
    if not how.exists() or how.read_bytes() != now:
        found.unlink(missing_ok=True)
        how.write_bytes(now)
    return found


def written(book: Path) -> Iterator[Outcome]:
    if not book.exists():
        return
    whole, line, _ = book.read_bytes().rpartition(b"\n")
    book.write_bytes(whole + line)  # what was being written when the run ended is no line
    for row in whole.splitlines():
        yield msgspec.json.decode(row, type=Outcome)
