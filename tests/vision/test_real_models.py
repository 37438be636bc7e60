"""The models people use, on real pictures."""

import argparse

import av
import pytest

from edged import config
from edged.commands import models as command
from edged.vision.detector import open_detector
from tests import frames

# By eye, every tenth frame: one person from head to foot, or nobody and no shadow either.
FULL_VIEW = [range(80, 200, 10), range(240, 450, 10), range(520, 700, 10), range(770, 870, 10), range(940, 1200, 10), range(1260, 1360, 10)]  # fmt: skip
EMPTY = [range(0, 60, 10), range(210, 230, 10), range(460, 510, 10), range(710, 750, 10), range(880, 920, 10)]

FILES = [
    "yolox_nano.onnx",
    "yolov8n_full_integer_quant_416.tflite",
    "yolov8n_integer_quant_416.tflite",
    "yolo11n_full_integer_quant_416.tflite",
]


@pytest.fixture(scope="module")
def clip(test_data):
    """(number, frame) of every tenth frame."""
    with av.open(str(test_data / "clips/one-by-one-person-detection.mp4")) as container:
        return [(n, frames.of_picture(f, n)) for n, f in enumerate(container.decode(video=0)) if n % 10 == 0]


@pytest.mark.parametrize("file", FILES)
async def test_a_person_in_full_view_is_found(file, test_data, clip, tmp_path):
    assert edged_models(tmp_path, "add", str(test_data / "models" / file), "--name", "net") == 0
    full = {n for numbers in FULL_VIEW for n in numbers}
    empty = {n for numbers in EMPTY for n in numbers}
    async with open_detector(config.Detector(model="net"), tmp_path) as detector:
        person = detector.labels.index("person")
        seen = set()
        for number, frame in clip:
            if number in full | empty:
                found, _ = await detector.detect(frame, 0.5)
                if person in found.classes:
                    seen.add(number)
    assert len(seen & full) >= 0.95 * len(full)
    assert not seen & empty


def edged_models(folder, *words):
    parser = argparse.ArgumentParser()
    command.configure(parser.add_subparsers())
    args = parser.parse_args(["models", "--dir", str(folder), *words])
    return args.run(args)
