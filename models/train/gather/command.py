"""`python -m models.train gather`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from models.train.gather import packages, sources, statement, trees
from models.train.gather.collecting import collect
from models.train.gather.joining import Collected, Without, join
from models.train.gather.known import Known, known
from models.train.gather.sources import Source
from models.train.gather.teacher import Teacher, load
from models.train.gather.trees import SourceError, Tree

_HERE = Path(__file__).parent.parent


class Places(NamedTuple):
    """`result` is filled; `work` keeps what each source gave, so that it is done once. `mirrors` are looked at before GitHub."""

    work: Path
    mirrors: Path | None

    def of(self, source: Source) -> Path:
        return self.work / "gathering" / source.name

    @property
    def result(self) -> Path:
        return self.work / "gathered"


class Asked(NamedTuple):
    sources: list[Path]
    without: Path | None
    card: Path
    teacher: Path
    evaluation: list[Path]
    pictures: Path
    document: Path


def run(asked: Asked, places: Places) -> int:
    """Gathers; prints the table and writes the statement. 1 when some source is missing in it, which is told on stderr."""
    read = sources.read(asked.sources)
    without = Without(asked.without.read_text().splitlines() if asked.without and asked.without.exists() else ())
    failed = list(read.complaints)
    for complaint in failed:
        _say(complaint)
    teacher = load(asked.card, asked.teacher)
    refused = known(asked.evaluation, asked.pictures)
    _say(
        f"{len(refused.measured)} pictures of the evaluation and {len(refused.at_hand)} of {asked.pictures} will not be gathered again"
    )
    collected: list[Collected] = []
    for source in (one for one in read.sources if not without.all_of(one)):
        try:
            collected.append(_collected(source, places, teacher, refused))
        except SourceError as error:
            failed.append(source.name)
            _say(f"{source.name}: {source.repo}: left out: {error}")
    sets = join(collected, without, refused.measured, places.result)
    table = statement.table(sets)
    print(table)
    given = statement.given_table(_HERE / "given.toml", asked.pictures)
    asked.document.write_text(statement.document(table, given))
    return 1 if failed else 0


def _collected(source: Source, places: Places, teacher: Teacher, refused: Known) -> Collected:
    place = places.of(source)
    with _tree(source, places) as tree:
        return Collected(source, place, collect(source, tree, place, teacher, refused))


@contextmanager
def _tree(source: Source, places: Places) -> Iterator[Tree]:
    fetched = places.work / "gathering" / "fetched"
    if source.packaged:
        yield packages.folder(source, fetched)
    else:
        with trees.repository(source, places.mirrors, fetched) as repository:
            yield repository


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
