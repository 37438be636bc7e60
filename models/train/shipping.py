"""A trained network -> checked files -> models/. What int8 costs is measured through the very detector that will run them."""

import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edged import config
from edged.vision import cards, models
from edged.vision.detector import open_detector
from models.train import measure, truths
from models.train.inputs import MIDDLE, SCALE, Size, drawn
from models.train.pictures import Picture, read

SIZES: dict[str, Size] = {"edged-person-320": (320, 192), "edged-person": (416, 256), "edged-person-640": (640, 384)}
ONNX = "edged-person.onnx"  # takes all of these
_FLOAT = "float.onnx"
MOST_LOST = 0.01  # average precision that int8 may cost
MOST_BYTES = 1_500_000
_CALIBRATED = (96, 32)  # pictures with somebody large, pictures without people
_LARGE = 0.3  # of the picture's height


@dataclass(frozen=True)
class Loss:
    """What int8 makes of average precision on a set of pictures."""

    model: str
    pictures: str
    plain: float
    int8: float

    @property
    def lost(self) -> float:
        return self.plain - self.int8


def write(weights: Path, pictures: Path, place: Path) -> None:
    """All files, and a card for each, into `place`. Takes some minutes; needs litert-torch and ai-edge-quantizer."""
    from models.train import export

    shutil.rmtree(place, ignore_errors=True)  # also the hashes that were taken of former files
    place.mkdir(parents=True)
    network = export.trained(weights)
    chosen = _calibration(read(pictures))
    looks = {name: drawn(chosen, size) for name, size in SIZES.items()}
    export.float_onnx(network, place / _FLOAT)
    export.int8_onnx(place / _FLOAT, place / ONNX, looks.values())
    for name, size in SIZES.items():
        export.int8_tflite(network, place / f"{name}.tflite", size, looks[name])
    describe(place)


def describe(place: Path) -> None:
    """Writes a card for each file that `write` makes."""
    for name, size in SIZES.items():
        cards.write(_tflite(name, size), place / f"{name}.toml")
        cards.write(_onnx(f"{name}-onnx", size, ONNX), place / f"{name}-onnx.toml")
        cards.write(_onnx(f"{name}-float", size, _FLOAT), place / f"{name}-float.toml")


async def losses(place: Path, data: Path, pictures: Path) -> list[Loss]:
    """Of all int8 files in `place`, against float."""
    found = []
    for name in SIZES:
        plain = await _precision(f"{name}-float", place, data, pictures)
        for model in (name, f"{name}-onnx"):
            int8 = await _precision(model, place, data, pictures)
            found += [Loss(model, on, plain[on], int8[on]) for on in plain]
    return found


def faults(found: Sequence[Loss], place: Path) -> Iterator[str]:
    """One line for each thing for which these files should not ship."""
    for one in found:
        if one.lost > MOST_LOST:
            yield f"{one.model} on {one.pictures}: int8 costs {one.lost:.3f} AP (at most {MOST_LOST})"
    for file in (*(place / f"{name}.tflite" for name in SIZES), place / ONNX):
        if file.stat().st_size > MOST_BYTES:
            yield f"{file.name} has {file.stat().st_size} bytes (at most {MOST_BYTES})"


def table(found: Sequence[Loss]) -> str:
    rows = [f"| {one.model} | {one.pictures} | {one.plain:.3f} | {one.int8:.3f} | {-one.lost:+.3f} |" for one in found]
    return "\n".join(["| model | pictures | float AP | int8 AP | difference |", "|---|---|---|---|---|", *rows])


def install(place: Path, into: Path) -> Iterator[Path]:
    """Copies the files that cards of `into` name, and writes their hashes into these cards. The rest of a card stays as it is."""
    named = {card: cards.read(card).file for card in sorted(into.glob("edged-person*.toml"))}
    for name in sorted(set(named.values())):
        shutil.copyfile(place / name, into / name)
        yield into / name
    for card, name in named.items():
        text = re.sub(r'^sha256 = ".*"$', f'sha256 = "{models.sha256(into / name)}"', card.read_text(), flags=re.M)
        card.write_text(text)


def _calibration(known: Sequence[Picture]) -> list[Picture]:
    """The same pictures each time, none of which is measured on."""
    large = [one for one in known if not one.held_out and _shows_large(one)]
    empty = [one for one in known if not one.held_out and one.empty]
    random = np.random.default_rng(5)
    return [
        group[index]
        for group, count in zip((large, empty), _CALIBRATED, strict=True)
        for index in random.permutation(len(group))[:count]
    ]


def _shows_large(picture: Picture) -> bool:
    people = picture.people
    return bool(len(people)) and bool((people[:, 3] - people[:, 1]).max() > _LARGE * picture.boxes[:, 3].max())


def _tflite(name: str, size: Size) -> cards.Card:
    given = cards.Input(
        width=size[0], height=size[1], layout="nhwc", colour="rgb", mean=MIDDLE * 255, scale=SCALE / 255, letterbox="top-left"
    )  # fmt: skip
    return _card(name, "tflite", f"{name}.tflite", given)


def _onnx(name: str, size: Size, file: str) -> cards.Card:
    given = cards.Input(width=size[0], height=size[1], layout="nchw", colour="rgb", letterbox="top-left")
    return _card(name, "onnx", file, given)


def _card(name: str, runtime: cards.Runtime, file: str, given: cards.Input) -> cards.Card:
    return cards.Card(
        name=name, title=name, licence="Apache-2.0", runtime=runtime, file=file, labels=("person",), input=given,
        output=cards.Output(layout="edged"),
    )  # fmt: skip


async def _precision(model: str, place: Path, data: Path, pictures: Path) -> dict[str, float]:
    async with open_detector(config.Detector(model=model, pull=False, threads=1), place) as detector:
        return {
            name: measure.precision_of(await measure.seen(detector, known)) or 0.0
            for name, known in (("val", truths.held_out(pictures)), ("MOT", truths.mot(data / "mot")))
        }
