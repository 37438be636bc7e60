"""The pictures of all sources -> one folder laid out as the data folder: images/ and labels.json."""

import fnmatch
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

from models.train.gather.judging import Judged, judged
from models.train.gather.known import ALIKE
from models.train.gather.merging import Labelled
from models.train.gather.outcomes import Outcome
from models.train.gather.sources import Source
from models.train.gather.thumbnails import Thumbnails
from models.train.pictures import PERSON


class Entry(Struct, omit_defaults=True):
    """One picture in labels.json; `path` and `sha256` are the original's. `stretched`: its aspect was given back by guess."""

    image: str
    set: str
    tier: str
    w: int
    h: int
    boxes: list[Labelled]
    repo: str
    commit: str
    path: str
    sha256: str
    licence: str
    stretched: bool = False


class Collected(NamedTuple):
    """A source, where its pictures lie, and what became of its files."""

    source: Source
    place: Path
    outcomes: list[Outcome]


class Set(NamedTuple):
    """What is left of a source. `agreed` of its own boxes the teacher sees, too; `dropped` counts files by reason."""

    source: Source
    entries: list[Entry]
    agreed: int
    dropped: Counter[str]


class Without:
    """What somebody who looked at the pictures took out: lines of a set, or of a set and a pattern of its images or their paths; # starts a comment."""

    def __init__(self, lines: Iterable[str]) -> None:
        words = [line.partition("#")[0].split(maxsplit=1) for line in lines]
        self._sets = {row[0] for row in words if len(row) == 1}
        self._patterns = [(row[0], row[1].strip()) for row in words if len(row) == 2]

    def all_of(self, source: Source) -> bool:
        return source.name in self._sets

    def names(self, source: Source, outcome: Outcome) -> bool:
        return any(
            name == source.name
            and (fnmatch.fnmatchcase(outcome.path, pattern) or fnmatch.fnmatchcase(outcome.image, pattern))
            for name, pattern in self._patterns
        )


def join(collected: Iterable[Collected], without: Without, measured: Thumbnails, into: Path) -> list[Set]:
    """Fills `into` with what is like nothing `measured`, which may have grown since it was collected.

    A picture that several sources have counts for the first. What was there before and isn't any more goes.
    """
    images = into / "images"
    images.mkdir(parents=True, exist_ok=True)
    near = Thumbnails(ALIKE)
    sets = []
    for source, place, outcomes in collected:
        made = Set(source, [], 0, Counter())
        agreed = 0
        for outcome in outcomes:
            why = _refused(source, outcome, without, measured, near)
            verdict = judged(source, outcome) if not why else Judged(why, [])
            if verdict.refused:
                made.dropped[verdict.refused] += 1
                continue
            near.add(outcome.path, outcome.thumbnail)
            _link(place / outcome.image, images / outcome.image)
            made.entries.append(_entry(source, outcome, verdict.boxes))
            agreed += verdict.agreed
        sets.append(made._replace(agreed=agreed))
    _written(sets, into)
    return sets


def _refused(source: Source, outcome: Outcome, without: Without, measured: Thumbnails, near: Thumbnails) -> str:
    """Why this file is not taken; empty when it is."""
    if outcome.dropped:
        return outcome.dropped
    if without.names(source, outcome):
        return "looked at and refused"
    if measured.twin(outcome.thumbnail):
        return "in the evaluation"
    return "in another set" if near.twin(outcome.thumbnail) else ""


def _written(sets: list[Set], into: Path) -> None:
    entries = sorted((entry for one in sets for entry in one.entries), key=lambda entry: entry.image)
    part = into / "labels.part"
    part.write_bytes(msgspec.json.encode(entries))
    part.replace(into / "labels.json")
    for orphan in {path.name for path in (into / "images").iterdir()} - {entry.image for entry in entries}:
        (into / "images" / orphan).unlink()


def people(entry: Entry) -> int:
    return sum(box.flag == PERSON for box in entry.boxes)


def _entry(source: Source, outcome: Outcome, boxes: list[Labelled]) -> Entry:
    return Entry(
        outcome.image, source.name, source.tier, outcome.width, outcome.height, boxes,
        source.repo, source.commit, outcome.path, outcome.sha256, source.licence, bool(source.aspect),
    )  # fmt: skip


def _link(file: Path, into: Path) -> None:
    if into.exists() and not into.samefile(file):
        into.unlink()
    if not into.exists():
        os.link(file, into)
