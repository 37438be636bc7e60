"""A model card: one TOML file that says what a model is, where it comes from, and how its numbers are to be read."""

import difflib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from edged.messages import Fraction, Token
from edged.vision.tensors import ModelError

Size = Annotated[int, Meta(ge=16, le=4096)]
Layout = Literal["yolov8", "yolox", "ssd", "edged", "hog", "ultraface", "yunet", "vector"]
Runtime = Literal["onnx", "tflite", "opencv"]
Task = Literal["objects", "faces", "face", "body"]
Colours = float | tuple[float, float, float]


class _Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file."""


class Input(_Part, frozen=True, kw_only=True):
    """How a picture becomes the network's input: network value = (colour value of 0-255 - mean) * scale.

    `mean` and `scale` are one number, or one for each colour in the order of `colour`.
    """

    width: Size
    height: Size
    layout: Literal["nchw", "nhwc", "hw"]
    colour: Literal["rgb", "bgr", "grey"]
    mean: Colours = 0.0
    scale: Colours = 1.0
    letterbox: Literal["centre", "top-left", "stretch", "none"] = "centre"
    fill: Annotated[int, Meta(ge=0, le=255)] = 114

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the tensor, with its batch dimension."""
        match self.layout:
            case "nchw":
                return (1, 3, self.height, self.width)
            case "nhwc":
                return (1, self.height, self.width, 3)
            case "hw":
                return (self.height, self.width)


class Output(_Part, frozen=True, kw_only=True):
    """How boxes are written down. `iou`: of two boxes that overlap more, one goes. `coordinates` are a matter of yolov8 exports only."""

    layout: Layout
    iou: Fraction = 0.55
    coordinates: Literal["fractions", "pixels"] = "fractions"


class Vectors(_Part, frozen=True, kw_only=True):
    """What a network that recognises says: a vector of `dimensions` numbers, alike for pictures of the same person.

    `threshold` is where two are taken for the same, as `metric` measures it on vectors of length 1; `margin` and `growth` are cosines, as in
    `edged/identity/decide.py`. `aligned` faces have eyes, nose and mouth in the places that ArcFace made customary.
    """

    dimensions: Annotated[int, Meta(ge=2, le=4096)]
    threshold: float
    metric: Literal["cosine", "l2"] = "cosine"
    margin: Fraction = 0.05
    growth: Fraction = 0.02
    aligned: bool = True

    @property
    def cosine(self) -> float:
        """`threshold` as a cosine."""
        return self.threshold if self.metric == "cosine" else 1 - self.threshold**2 / 2


class Card(_Part, frozen=True, kw_only=True):
    """A model. `task` is what it is for: it finds `objects` or `faces`, or makes a vector of one `face` or `body`.

    `labels` names a file beside the card, or is the list itself; a card that was read holds the list.
    `score` is where the model is at its best; what is lower than `min_height` of the picture is not believed. A track that has begun goes on
    with boxes of `follow`; where that is not said, with those of `score`, and it begins a little above.
    `rank` orders the choice of `auto` within a task; a model of rank 0 is never chosen.
    Without `sha256` the hash is taken at the first download and kept beside the file.
    """

    name: Token
    title: str
    licence: str
    runtime: Runtime
    file: Annotated[str, Meta(pattern=r"^[^/\\]*$")] = ""
    source: Annotated[str, Meta(pattern=r"^(https?://.*)?$")] = ""
    sha256: Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?$")] = ""
    task: Task = "objects"
    labels: str | tuple[str, ...] = ()
    score: Fraction = 0.5
    follow: Fraction | None = None
    min_height: Fraction = 0.0
    rank: Annotated[int, Meta(ge=0)] = 0
    notes: str = ""
    input: Input
    output: Output
    vectors: Vectors | None = None


def read(path: Path) -> Card:
    """The card in `path`; ModelError names the file, the key and what it may be."""
    try:
        card = msgspec.toml.decode(path.read_bytes(), type=Card)
        labels = card.labels if isinstance(card.labels, tuple) else lines(path.parent / card.labels)
    except msgspec.ValidationError as error:
        raise ModelError(f"model card {path}: {_explained(str(error))}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"model card {path}: not TOML: {error}") from None
    except OSError as error:
        raise ModelError(f"model card {path}: can't read {error.filename}: {error.strerror}") from None
    if (card.task in ("face", "body")) != (card.vectors is not None):
        raise ModelError(
            f"model card {path}: vectors: a model for the task {card.task} {_ABOUT_VECTORS[card.vectors is None]}"
        )
    if not labels and card.vectors is None:
        raise ModelError(f"model card {path}: labels: there must be at least one")
    if not card.file and card.runtime != "opencv":
        raise ModelError(f"model card {path}: file: name the model file")
    return msgspec.structs.replace(card, labels=labels)


def labels(card: Card) -> tuple[str, ...]:
    """The labels of a card that was read."""
    return tuple(card.labels)


def write(card: Card, path: Path) -> None:
    """`card` as TOML; values as they are, defaults left out."""
    path.write_text("\n".join(_toml(card)) + "\n", encoding="utf-8")


def lines(path: Path) -> tuple[str, ...]:
    """The labels of a file, one per line; `-` is a class number nobody uses."""
    return tuple(line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip())


def _toml(part: Struct) -> Iterator[str]:
    tables = []
    for field in msgspec.structs.fields(part):
        value = getattr(part, field.name)
        if isinstance(value, Struct):
            tables.append((field.name, value))
        elif value != field.default:
            yield f"{field.name} = {msgspec.json.encode(value).decode()}"  # JSON strings, numbers and lists are TOML too
    for name, table in tables:
        yield f"\n[{name}]"
        yield from _toml(table)


_ABOUT_VECTORS = {True: "needs this table", False: "has no such table"}
_TABLES: dict[str, type[Struct]] = {"input": Input, "output": Output, "vectors": Vectors}


def _explained(error: str) -> str:
    """msgspec's sentence with the key in front, and the nearest key that exists."""
    what, _, where = error.partition(" - at `$")
    table = where.strip("`.")
    if unknown := re.search(r"unknown field `(.*)`", what):
        part = _TABLES.get(table, Card)
        near = difflib.get_close_matches(unknown[1], [field.name for field in msgspec.structs.fields(part)], 1, 0.4)
        key = f"{table}.{unknown[1]}" if table else unknown[1]
        return f"there is no key {key}" + (f"; did you mean {near[0]}?" if near else "")
    return f"{table}: {what}" if table else what
