"""The data statement: what is learned from, whence, under which licence, and how much of it."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from models.train.gather.joining import Set, people
from models.train.gather.sources import Source
from models.train.pictures import PERSON

_HEAD = (
    "| set | where from | licence as stated | tier | pictures | with people | without | boxes own / pseudo / ignored |"
)
_MORE = " own boxes the teacher sees | dropped |"
_TEXT = """# What the person detector learned from

Made by `python -m models.train gather`; `sources*.toml` beside this file say what was asked for, `given.toml` what
was there before. No picture is part of this repository: identifiable people are in them. Every gathered picture's
source, commit, path and hash are in the `labels.json` that `gather` makes.

Tiers. A: an open licence is stated for the pictures. B: probably open, the statement could not be checked. C: none is
stated, or one that can't be right for all.

Boxes: `own` are the set's, `pseudo` those of YOLOX-nano (Apache-2.0) on the whole picture and four tiles, `ignored`
are doubtful ones or crowds, from which nothing is learned.
"""


class Given(Struct, frozen=True, forbid_unknown_fields=True):
    """A set that was in the data folder before."""

    name: str = msgspec.field(name="set")
    where: str
    licence: str


class _Givens(Struct, frozen=True, forbid_unknown_fields=True):
    given: tuple[Given, ...]


def table(sets: Sequence[Set]) -> str:
    """Of what was gathered, with what was not taken and why."""
    return "\n".join([_HEAD + _MORE, _rule(10), *map(_row, sets), _sum(sets)])


def given_table(file: Path, data: Path) -> str:
    """Of the sets that `file` describes, as many as `data` holds of them; empty when it holds none."""
    labels = data / "labels.json"
    if not labels.is_file():
        return ""
    listed = json.loads(labels.read_text())
    known = {given.name: given for given in msgspec.toml.decode(file.read_bytes(), type=_Givens).given}
    rows = []
    for name in [name for name in known if any(entry["set"] == name for entry in listed)]:
        entries = [entry for entry in listed if entry["set"] == name]
        own, pseudo, ignored = _boxes(box for entry in entries for box in entry["boxes"])
        shown = sum(any(box[4] == PERSON for box in entry["boxes"]) for entry in entries)
        rows.append(
            f"| {name} | {known[name].where} | {known[name].licence} | {entries[0]['tier']} | {len(entries)} | {shown} | "
            f"{len(entries) - shown} | {own} / {pseudo} / {ignored} |"
        )
    return "\n".join([_HEAD, _rule(8), *rows])


def document(gathered: str, given: str) -> str:
    parts = [_TEXT, "## Gathered\n", gathered + "\n"]
    return "\n".join([*parts, "## Given\n", given + "\n"] if given else parts)


def _row(one: Set) -> str:
    source, entries = one.source, one.entries
    own, pseudo, ignored = _boxes(box for entry in entries for box in entry.boxes)
    shown = sum(people(entry) > 0 for entry in entries)
    agreed = f"{100 * one.agreed / own:.0f} %" if own else ""
    note = f" ({source.note})" if source.note else ""
    return _cells(
        source.name, _where(source), f"{source.licence}: {source.stated}{note}", source.tier, len(entries), shown,
        len(entries) - shown, f"{own} / {pseudo} / {ignored}", agreed, _reasons(one.dropped),
    )  # fmt: skip


def _sum(sets: Sequence[Set]) -> str:
    entries = [entry for one in sets for entry in one.entries]
    own, pseudo, ignored = _boxes(box for entry in entries for box in entry.boxes)
    shown = sum(people(entry) > 0 for entry in entries)
    dropped = sum((one.dropped for one in sets), Counter[str]())
    counts = (len(entries), shown, len(entries) - shown, f"{own} / {pseudo} / {ignored}")
    return _cells("**all**", "", "", "", *counts, "", _reasons(dropped))


def _where(source: Source) -> str:
    at = f"@{source.commit[:10]}" if source.commit else ""
    return f"{source.repo}{at}: {', '.join(f'`{pattern}`' for pattern in source.images)}"


def _reasons(dropped: Counter[str]) -> str:
    return ", ".join(f"{count} {why}" for why, count in dropped.most_common())


def _boxes(boxes: Iterable[Sequence[float | str]]) -> tuple[int, int, int]:
    """Of all boxes (x1, y1, x2, y2, flag, source): people of the set's own, of the teacher's, and those ignored."""
    kinds = Counter(box[5] if box[4] == PERSON else "ignored" for box in boxes)
    return kinds["own"], kinds["yolox"], kinds["ignored"]


def _cells(*values: object) -> str:
    return "| " + " | ".join(str(value).replace("|", "/").replace("\n", " ") for value in values) + " |"


def _rule(columns: int) -> str:
    return "|" + "---|" * columns
