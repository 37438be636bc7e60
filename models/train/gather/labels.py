"""What a source's own files say of where people are in its pictures."""

import ast
import csv
import json
import re
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from typing import NamedTuple, Protocol
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from models.train.gather.sources import Source
from models.train.gather.trees import SourceError, Tree

Fractions = NDArray[np.float64]  # (N, 4): x1, y1, x2, y2 in fractions of the picture
_SHAPE = 0.03  # how much the shape that labels speak of may differ from the picture's


class Said(NamedTuple):
    """Boxes, and the (width, height) they were measured in when the file says so."""

    people: Fractions
    crowds: Fractions
    size: tuple[float, float] | None

    def fits(self, width: int, height: int) -> bool:
        """Whether they can be of a picture of this size: they can't when one of the two was turned."""
        if self.size is None or min(self.size) <= 0:
            return True
        return abs(self.size[0] / self.size[1] * height / width - 1) <= _SHAPE


_NOTHING = np.zeros((0, 4))


class Reader(Protocol):
    def files(self, picture: str) -> list[str]:
        """What must be read to say anything of this picture."""

    def read(self, picture: str) -> Said | None:
        """What is said of it; None when nothing is. ValueError when it makes no sense."""


class Beside:
    """A file for each picture, of its stem: of several that which shares most of the way to it."""

    def __init__(self, tree: Tree, suffix: str, parse: Callable[[bytes], Said]) -> None:
        self._tree = tree
        self._parse = parse
        self._by_stem = _by(PurePosixPath(path) for path in tree.paths() if path.lower().endswith(suffix))

    def files(self, picture: str) -> list[str]:
        wanted = PurePosixPath(picture)
        near = max(self._by_stem.get(wanted.stem, ()), key=lambda file: _shared(file, wanted), default=None)
        return [str(near)] if near else []

    def read(self, picture: str) -> Said | None:
        contents = [self._tree.read(file) for file in self.files(picture)]
        return self._parse(contents[0]) if contents and contents[0] is not None else None


class Listed:
    """Files that speak of many pictures, by the names of these; of several that which lies nearest."""

    def __init__(self, tables: list[tuple[PurePosixPath, dict[str, Said]]]) -> None:
        self._tables = tables

    def files(self, picture: str) -> list[str]:
        return []

    def read(self, picture: str) -> Said | None:
        wanted = PurePosixPath(picture)
        found = [(file, said[wanted.name]) for file, said in self._tables if wanted.name in said]
        return max(found, key=lambda one: _shared(one[0], wanted))[1] if found else None


def reader(source: Source, tree: Tree) -> Reader:
    """Reads labels of the source's kind. SourceError when the files they need are not there."""
    match source.labels:
        case "yolo":
            persons = _numbers(source, tree)
            return Beside(tree, ".txt", lambda content: _yolo(content, persons))
        case "voc":
            names = _lower(source.persons)
            return Beside(tree, ".xml", lambda content: _voc(content, names))
        case "coco":
            return Listed(_tables(source, tree, _coco))
        case "roboflow-csv":
            return Listed(_tables(source, tree, _csv))
        case "none":
            return Listed([])


def _by(files: Iterable[PurePosixPath]) -> dict[str, list[PurePosixPath]]:
    found: dict[str, list[PurePosixPath]] = {}
    for file in files:
        found.setdefault(file.stem, []).append(file)
    return found


def _shared(file: PurePosixPath, picture: PurePosixPath) -> int:
    return len(set(file.parts[:-1]) & set(picture.parts[:-1]))


def _yolo(content: bytes, persons: frozenset[str]) -> Said:
    """Lines of a class and centre x, y, width, height, or a class and the corners of a polygon, all in fractions."""
    boxes = []
    for line in content.decode(errors="replace").splitlines():
        kind, *words = line.split() or [""]
        numbers = [float(word) for word in words]
        if kind not in persons:
            continue
        if len(numbers) in (4, 5):
            x, y, width, height = numbers[:4]
            boxes.append([x - width / 2, y - height / 2, x + width / 2, y + height / 2])
        elif len(numbers) >= 6:
            boxes.append([min(numbers[::2]), min(numbers[1::2]), max(numbers[::2]), max(numbers[1::2])])
    return Said(_array(boxes), _NOTHING, None)


def _voc(content: bytes, persons: frozenset[str]) -> Said:
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise ValueError(str(error)) from error
    width, height = (float(root.findtext(f"size/{side}") or 0) for side in ("width", "height"))
    if not width or not height:
        raise ValueError("says no size")
    boxes = [
        [float(found.findtext(f"bndbox/{side}") or 0) for side in ("xmin", "ymin", "xmax", "ymax")]
        for found in root.iter("object")
        if (found.findtext("name") or "").strip().lower() in persons
    ]
    return Said(_array(boxes) / (width, height, width, height), _NOTHING, (width, height))


def _tables(
    source: Source, tree: Tree, parse: Callable[[bytes, frozenset[str]], dict[str, Said]]
) -> list[tuple[PurePosixPath, dict[str, Said]]]:
    wanted = set(source.labels_files) - {""}
    files = [path for path in tree.paths() if (path in wanted if wanted else path.endswith("_annotations.csv"))]
    if not files or wanted.difference(files):
        raise SourceError(
            f"labels_file: there is no {', '.join(sorted(wanted.difference(files))) or '_annotations.csv'}"
        )
    tree.want(files)
    tables = []
    for path in files:
        try:
            tables.append((PurePosixPath(path), parse(tree.read(path) or b"", _lower(source.persons))))
        except (ValueError, KeyError, TypeError) as error:
            raise SourceError(f"{path} can't be read as {source.labels}: {error!r}") from error
    return tables


def _coco(content: bytes, persons: frozenset[str]) -> dict[str, Said]:
    whole = json.loads(content)
    wanted = {
        kind["id"] for kind in whole["categories"] if str(kind["name"]).lower() in persons or str(kind["id"]) in persons
    }
    boxes: dict[object, tuple[list[list[float]], list[list[float]]]] = {}
    for one in whole["annotations"]:
        if one["category_id"] in wanted:
            x, y, width, height = map(float, one["bbox"])
            boxes.setdefault(one["image_id"], ([], []))[bool(one.get("iscrowd"))].append([x, y, x + width, y + height])
    said = {}
    for picture in whole["images"]:
        size = float(picture["width"]), float(picture["height"])
        people, crowds = boxes.get(picture["id"], ([], []))
        said[PurePosixPath(picture["file_name"]).name] = Said(
            _array(people) / (*size, *size), _array(crowds) / (*size, *size), size
        )
    return said


def _csv(content: bytes, persons: frozenset[str]) -> dict[str, Said]:
    """filename, width, height, class, xmin, ymin, xmax, ymax."""
    boxes: dict[str, list[list[float]]] = {}
    sizes: dict[str, tuple[float, float]] = {}
    for row in csv.DictReader(content.decode(errors="replace").splitlines()):
        name = PurePosixPath(row["filename"]).name
        sizes[name] = float(row["width"]), float(row["height"])
        if row["class"].strip().lower() in persons:
            boxes.setdefault(name, []).append([float(row[side]) for side in ("xmin", "ymin", "xmax", "ymax")])
    return {name: Said(_array(boxes.get(name, [])) / (*size, *size), _NOTHING, size) for name, size in sizes.items()}


def _numbers(source: Source, tree: Tree) -> frozenset[str]:
    """The class numbers that stand for people."""
    numbers = {person for person in source.persons if person.isdigit()}
    named = _lower(source.persons) - numbers
    if not named:
        return frozenset(numbers)
    if source.classes_file not in tree.paths():
        raise SourceError(
            f"classes_file: there is no {source.classes_file or 'such key'}; name it, or give persons as numbers"
        )
    tree.want([source.classes_file])
    known = [name.lower() for name in class_names((tree.read(source.classes_file) or b"").decode(errors="replace"))]
    if missing := named.difference(known):
        raise SourceError(
            f"persons: {source.classes_file} has no class {', '.join(sorted(missing))}; it has {', '.join(known)}"
        )
    return frozenset(numbers | {str(number) for number, name in enumerate(known) if name in named})


def class_names(text: str) -> list[str]:
    """Of a data.yaml (`names:` as a list or by number) or of a file with one name a line."""
    if not (said := re.search(r"^names\s*:(.*)", text, re.MULTILINE | re.DOTALL)):
        return [line.strip() for line in text.splitlines() if line.strip()]
    if said[1].lstrip().startswith("["):
        inside = said[1][said[1].index("[") + 1 : said[1].index("]")]
        return [_unquoted(name) for name in inside.split(",") if name.strip()]
    if said[1].lstrip().startswith("{"):
        return [
            str(name) for _, name in sorted(dict(ast.literal_eval(said[1][: said[1].index("}") + 1].strip())).items())
        ]
    lines = re.match(r"[ \t]*\n((?:[ \t]*(?:-|\d+\s*:).*\n?|[ \t]*\n)*)", said[1])
    return [
        _unquoted(re.sub(r"^\s*(-|\d+\s*:)\s*", "", line))
        for line in (lines[1] if lines else "").splitlines()
        if line.strip()
    ]


def _unquoted(name: str) -> str:
    return name.strip().strip("'\"")


def _lower(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.lower() for name in names)


def _array(boxes: list[list[float]]) -> Fractions:
    return np.array(boxes, np.float64).reshape(-1, 4)
