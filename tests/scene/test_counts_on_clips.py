"""Real clips through the real detector, tracker and lines, against what a person counted."""

import argparse
import os
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import av
import msgspec
import pytest

from edged import config
from edged.commands import models as command
from edged.messages import LineCrossed
from edged.scene.presence import Moment
from edged.scene.scene import Scene
from edged.subjects import Address
from edged.vision.detector import open_detector
from edged.vision.eyes import Eyes
from tests import frames

CLOSE = 1.5  # seconds between the crossing a person saw and ours
VEHICLES = {"vehicle": ("car", "truck", "bus", "motorcycle")}
# From above a car is a cell phone, or a suitcase, to a network that learned cars from the street: there everything is one kind.
FROM_ABOVE = {"thing": ("car", "truck", "bus", "motorcycle", "cell phone", "suitcase", "skateboard", "laptop", "remote", "mouse", "boat", "train")}  # fmt: skip
NETS = ["yolov8n_full_integer_quant_416.tflite", "yolox_nano.onnx"]


class Counted(msgspec.Struct):
    frame: int
    direction: str


class CountedLine(msgspec.Struct):
    name: str
    start: tuple[float, float]
    end: tuple[float, float]
    anchor: config.Anchor
    crossings: list[Counted]


class Clip(msgspec.Struct):
    fps: float
    size: tuple[int, int]
    lines: list[CountedLine] = []


class Truth(msgspec.Struct):
    clips: dict[str, Clip]


@pytest.fixture(scope="module")
def data() -> Path:
    folder = Path(os.environ.get("EDGED_TEST_DATA", Path(__file__).parents[2] / "../shared/data"))
    if not (folder / "counts.json").is_file():
        pytest.skip(f"no counted clips in {folder}: set EDGED_TEST_DATA")
    return folder


@pytest.fixture(scope="module")
def truth(data: Path) -> dict[str, Clip]:
    return msgspec.json.decode((data / "counts.json").read_bytes(), type=Truth).clips


@pytest.fixture(params=NETS)
def folder_of_net(request: pytest.FixtureRequest, data: Path, tmp_path: Path) -> Path:
    parser = argparse.ArgumentParser()
    command.configure(parser.add_subparsers())
    wanted = parser.parse_args(
        ["models", "--dir", str(tmp_path), "add", str(data / "models" / request.param), "--name", "net"]
    )
    assert wanted.run(wanted) == 0
    return tmp_path


async def test_one_by_one(folder_of_net: Path, data: Path, truth: dict[str, Clip]):
    name = "one-by-one-person-detection.mp4"
    await counts_are_right(folder_of_net, data / "clips" / name, truth[name], ("person",), VEHICLES)


async def test_cars_from_above(folder_of_net: Path, data: Path, truth: dict[str, Clip]):
    name = "car-detection.mp4"
    await counts_are_right(folder_of_net, data / "clips" / name, truth[name], ("thing",), FROM_ABOVE)


async def test_over_the_floor_tape(folder_of_net: Path, data: Path, truth: dict[str, Clip]):
    name = "intel_preview_worker-zone-detection.gif"
    await counts_are_right(folder_of_net, data / "clips" / name, truth[name], ("person",), VEHICLES)


async def test_pedestrians(folder_of_net: Path, truth: dict[str, Clip], pedestrians: Path):
    await counts_are_right(folder_of_net, pedestrians, truth["vtest.avi"], ("person",), VEHICLES)


async def counts_are_right(
    folder: Path, clip: Path, truth: Clip, labels: tuple[str, ...], aliases: dict[str, tuple[str, ...]]
) -> None:
    """Of each line the same crossings as a person saw: as many, each way, each at its time."""
    found = await counted(folder, clip, truth, labels, aliases)
    for line in truth.lines:
        seen = [("in" if one.direction == "a_to_b" else "out", one.frame / truth.fps) for one in line.crossings]
        ours = [(direction, at) for name, direction, at in found if name == line.name]
        assert Counter(way for way, _ in ours) == Counter(way for way, _ in seen), line.name
        for way in ("in", "out"):
            times = zip(sorted(at for w, at in ours if w == way), sorted(at for w, at in seen if w == way), strict=True)
            assert all(abs(a - b) < CLOSE for a, b in times), line.name


async def counted(
    folder: Path, clip: Path, truth: Clip, labels: tuple[str, ...], aliases: dict[str, tuple[str, ...]]
) -> list[tuple[str, str, float]]:
    """(line, direction, seconds) of every crossing, every frame being looked at."""
    width, height = truth.size
    lines = tuple(
        config.Line(
            id=line.name,
            points=tuple((min(1.0, x / (width - 1)), min(1.0, y / (height - 1))) for x, y in (line.start, line.end)),
            anchor=line.anchor,
        )
        for line in truth.lines
    )
    settings = config.Camera(id="front", url=str(clip), labels=labels, lines=lines)
    async with open_detector(config.Detector(model="net"), folder) as detector:
        eyes = Eyes(settings, detector, aliases)
        scene = Scene(Address("home", "edge", "front"), "test", detector.labels, aliases, width / height)
        facts = []
        with av.open(str(clip)) as container:
            for number, picture in enumerate(container.decode(video=0)):
                pts = round(number / truth.fps * 90_000)
                frame = replace(frames.of_picture(picture, number), pts=pts)
                if number == 0:
                    eyes.begin(frame)
                look = await eyes.look(frame)
                moment = Moment(pts / 90_000, pts, datetime.now(UTC))
                facts += scene.see(look.update, moment, settings)
        facts += scene.close(moment)
    return [(fact.line, fact.direction, fact.pts / 90_000) for fact in facts if isinstance(fact, LineCrossed)]
