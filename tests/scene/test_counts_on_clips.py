"""Real clips through the real detector, tracker and lines, against what a person counted."""

import argparse
import os
from pathlib import Path

import pytest

from bench import counts
from bench.counts import Clip
from edged import config
from edged.commands import models as command
from edged.labels import Aliases

VEHICLES = {"vehicle": ("car", "truck", "bus", "motorcycle")}
# From above a car is a cell phone, or a suitcase, to a network that learned cars from the street: there everything is one kind.
FROM_ABOVE = {"thing": ("car", "truck", "bus", "motorcycle", "cell phone", "suitcase", "skateboard", "laptop", "remote", "mouse", "boat", "train")}  # fmt: skip
NETS = ["yolov8n_full_integer_quant_416.tflite", "yolox_nano.onnx"]
PERSON = ("person",)


@pytest.fixture(scope="module")
def data() -> Path:
    folder = Path(os.environ.get("EDGED_TEST_DATA", Path(__file__).parents[2] / "../shared/data"))
    if not (folder / "counts.json").is_file():
        pytest.skip(f"no counted clips in {folder}: set EDGED_TEST_DATA")
    return folder


@pytest.fixture(scope="module")
def truth(data: Path) -> dict[str, Clip]:
    return counts.truth(data)


@pytest.fixture(params=NETS)
def net(request: pytest.FixtureRequest, data: Path, tmp_path: Path) -> config.Detector:
    """A network that comes from elsewhere."""
    parser = argparse.ArgumentParser()
    command.configure(parser.add_subparsers())
    words = ["models", "--dir", str(tmp_path), "add", str(data / "models" / request.param), "--name", "net"]
    wanted = parser.parse_args(words)
    assert wanted.run(wanted) == 0
    return config.Detector(model="net", models_dir=str(tmp_path))


async def test_one_by_one(net: config.Detector, data: Path, truth: dict[str, Clip]):
    name = "one-by-one-person-detection.mp4"
    await counts_are_right(net, data / "clips" / name, truth[name], PERSON, VEHICLES)


async def test_cars_from_above(net: config.Detector, data: Path, truth: dict[str, Clip]):
    name = "car-detection.mp4"
    await counts_are_right(net, data / "clips" / name, truth[name], ("thing",), FROM_ABOVE)


async def test_over_the_floor_tape(net: config.Detector, data: Path, truth: dict[str, Clip]):
    name = "intel_preview_worker-zone-detection.gif"
    await counts_are_right(net, data / "clips" / name, truth[name], PERSON, VEHICLES)


async def test_pedestrians(net: config.Detector, truth: dict[str, Clip], pedestrians: Path):
    await counts_are_right(net, pedestrians, truth["vtest.avi"], PERSON, VEHICLES)


@pytest.mark.parametrize("name", counts.PEOPLE)
async def test_people_at_ten_frames_a_second_by_what_comes_along(
    name: str, data: Path, truth: dict[str, Clip], pedestrians: Path
):
    clip = pedestrians if name == "vtest.avi" else data / "clips" / name
    await counts_are_right(config.Detector(model="edged-person"), clip, truth[name], PERSON, VEHICLES, fps=10.0)


async def test_people_far_away_by_what_comes_along_for_them(truth: dict[str, Clip], pedestrians: Path):
    """Near the camera the larger input is the worse choice: docs/person.md."""
    await counts_are_right(
        config.Detector(model="edged-person-640"), pedestrians, truth["vtest.avi"], PERSON, VEHICLES, fps=10.0
    )


async def counts_are_right(
    detector: config.Detector, clip: Path, truth: Clip, labels: tuple[str, ...], aliases: Aliases, fps: float = 0.0
) -> None:
    """Of each line the same crossings as a person saw: as many, each way, each at its time."""
    found = await counts.counted(detector, Path(detector.models_dir or "nowhere"), clip, truth, labels, aliases, fps)
    for line in truth.lines:
        assert counts.wrong(line, truth.fps, found) == "", line.name
