"""The models people use, on real pictures."""

import argparse

import av
import pytest

from bench import onebyone
from edged import config
from edged.commands import models as command
from edged.vision.detector import open_detector
from tests import frames

FILES = [
    "yolox_nano.onnx",
    "yolov8n_full_integer_quant_416.tflite",
    "yolov8n_integer_quant_416.tflite",
    "yolo11n_full_integer_quant_416.tflite",
]


@pytest.fixture(scope="module")
def clip(test_data):
    """(number, frame) of every tenth frame."""
    with av.open(str(test_data / onebyone.CLIP)) as container:
        return [(n, frames.of_picture(f, n)) for n, f in enumerate(container.decode(video=0)) if n % 10 == 0]


@pytest.mark.parametrize("file", FILES)
async def test_a_person_in_full_view_is_found(file, test_data, clip, tmp_path):
    assert edged_models(tmp_path, "add", str(test_data / "models" / file), "--name", "net") == 0
    full, empty = onebyone.FULL_VIEW, onebyone.EMPTY
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
