"""Where training pictures come from: the tables of sources*.toml."""

import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

PACKAGES = ("npm:", "pypi:", "deb:")


class Source(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table.

    `images` are patterns over the paths of the tree in which * crosses /. `persons` are the classes, by name or number, whose boxes are whole people.
    `believed`, of the set's own boxes: all, or those that the teacher sees faintly at least, for sets with boxes on drawings or around groups.
    `aspect`, as "4:3", is what pictures have that somebody stretched to a square. `stated` is where the licence stands, `limit` how many pictures at most.
    """

    name: Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,40}$")] = msgspec.field(name="set")
    repo: Annotated[str, Meta(pattern=r"^((npm|pypi|deb):.+|[\w.-]+/[\w.-]+)$")]
    commit: Annotated[str, Meta(pattern=r"^([0-9a-f]{40})?$")] = ""
    images: Annotated[tuple[str, ...], Meta(min_length=1)]
    labels: Literal["yolo", "voc", "coco", "roboflow-csv", "none"] = "none"
    labels_file: str | tuple[str, ...] = ""
    persons: tuple[str, ...] = ()
    classes_file: str = ""
    believed: Literal["all", "seen"] = "all"
    licence: Annotated[str, Meta(min_length=1)]
    stated: str
    tier: Literal["A", "B", "C"]
    shows: Literal["people", "mixed", "nobody"]
    limit: Annotated[int, Meta(ge=1)] = 2000
    aspect: Annotated[str, Meta(pattern=r"^(\d+:\d+)?$")] = ""
    note: str = ""

    @property
    def packaged(self) -> bool:
        return self.repo.startswith(PACKAGES)

    @property
    def labels_files(self) -> tuple[str, ...]:
        return (self.labels_file,) if isinstance(self.labels_file, str) else self.labels_file


class Read(Struct, frozen=True):
    """`complaints` are sentences about tables that are left out."""

    sources: tuple[Source, ...]
    complaints: tuple[str, ...]


def read(files: Iterable[Path]) -> Read:
    """All tables of `files` that can be used, in order."""
    sources: dict[str, Source] = {}
    complaints: list[str] = []
    for file in files:
        try:
            tables = _tables(file)
        except ValueError as error:
            complaints.append(f"{file}: {error}")
            continue
        for number, table in enumerate(tables, 1):
            try:
                source = _source(table)
                if source.name in sources:
                    raise ValueError(f"set: {source.name} is taken by an earlier table; choose another")
                sources[source.name] = source
            except ValueError as error:
                complaints.append(f"{file}: source {number} ({_called(table)}): {error}")
    return Read(tuple(sources.values()), tuple(complaints))


def _tables(file: Path) -> list[object]:
    try:
        whole = msgspec.toml.decode(file.read_bytes())
    except OSError as error:
        raise ValueError(f"can't be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"not TOML: {error}") from error
    tables = whole.pop("source", None)
    if whole or not isinstance(tables, list):
        raise ValueError("a file of sources has tables [[source]] and nothing else")
    return tables


def _source(table: object) -> Source:
    try:
        source = msgspec.convert(table, Source)
    except msgspec.ValidationError as error:
        raise ValueError(_explained(str(error))) from None
    if not source.packaged and not source.commit:
        raise ValueError("commit: 40 hex digits are needed: what is learned from must not change")
    if source.labels != "none" and not source.persons:
        raise ValueError('persons: name the classes that are whole people, or say labels = "none"')
    if source.labels == "coco" and not any(source.labels_files):
        raise ValueError("labels_file: name the JSON file with the boxes")
    return source


def _called(table: object) -> str:
    return str(table.get("set", "without a set")) if isinstance(table, dict) else "no table"


def _explained(error: str) -> str:
    """msgspec's sentence with the key in front, and the nearest key that exists."""
    what, _, where = error.partition(" - at `$")
    if unknown := re.search(r"unknown field `(.*)`", what):
        known = [field.encode_name for field in msgspec.structs.fields(Source)]
        near = difflib.get_close_matches(unknown[1], known, 1, 0.4)
        return f"there is no key {unknown[1]}" + (f"; did you mean {near[0]}?" if near else "")
    return f"{where.strip('`.')}: {what}" if where else what
