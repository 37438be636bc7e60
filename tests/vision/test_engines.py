import os
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

import edged
from edged import config
from edged.vision import loading
from edged.vision.engines import onnx, tflite
from edged.vision.tensors import ModelError
from tests.vision import onnx_files

SETTINGS = config.Detector(threads=1)


def test_an_int8_network_tells_its_quantisation(small):
    engine = tflite.load(small.file, "auto", 1)
    assert (engine.input.shape, engine.input.dtype) == ((1, 256, 416, 3), np.int8)
    assert engine.input.scale == pytest.approx(4 / 255)
    outputs = engine.run(np.zeros(small.card.input.shape, np.int8))
    assert all(output.values.dtype == np.int8 and output.scale > 0 for output in outputs)
    assert engine.device == "CPU, threads: 1 (XNNPACK)"
    assert engine.notice == ""


def test_outputs_outlive_the_next_run(small):
    engine = tflite.load(small.file, "auto", 1)
    first = engine.run(np.zeros(small.card.input.shape, np.int8))
    kept = [output.values.copy() for output in first]
    engine.run(np.full(small.card.input.shape, 100, np.int8))
    assert all(np.array_equal(output.values, copy) for output, copy in zip(first, kept, strict=True))


def test_an_onnx_network_gives_its_output(tmp_path):
    wanted = np.arange(12, dtype=np.float32).reshape(1, 2, 6)
    file = onnx_files.constant(tmp_path / "net.onnx", (1, 3, 32, 32), wanted)
    engine = onnx.load(file, "cpu", 1)
    assert engine.input.shape == (1, 3, 32, 32)
    (output,) = engine.run(np.zeros((1, 3, 32, 32), np.float32))
    assert np.array_equal(output.values, wanted)


@pytest.mark.parametrize("suffix", ["onnx", "tflite"])
@pytest.mark.parametrize("content", [b"", b"no model at all " * 100])
def test_a_file_that_is_no_model_is_refused_in_one_line(tmp_path, suffix, content):
    file = tmp_path / f"net.{suffix}"
    file.write_bytes(content)
    with pytest.raises(ModelError) as refused:
        loading.engine(suffix, file, SETTINGS)
    assert str(file) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_half_a_model_is_refused(tmp_path, small):
    half = tmp_path / "half.tflite"
    half.write_bytes(small.file.read_bytes()[:500_000])
    with pytest.raises(ModelError, match=r"half\.tflite is not a model LiteRT"):
        tflite.load(half, "auto", 1)


@pytest.mark.parametrize("load", [onnx.load, tflite.load])
def test_a_file_that_is_not_there_is_named(tmp_path, load):
    with pytest.raises(ModelError, match="gone"):
        load(tmp_path / "gone", "cpu", 1)


def test_a_tensor_of_another_shape_is_refused(small):
    with pytest.raises(ModelError, match="failed"):
        tflite.load(small.file, "auto", 1).run(np.zeros((1, 64, 64, 3), np.int8))


def test_a_card_of_another_size_is_refused(tmp_path, small):
    file = onnx_files.constant(tmp_path / "net.onnx", (1, 3, 32, 32), np.zeros((1, 2, 6), np.float32))
    card = msgspec.structs.replace(small.card, runtime="onnx")
    with pytest.raises(ModelError, match=r"the card says input \[1, 256, 416, 3\], but .* takes \[1, 3, 32, 32\]"):
        loading.load(card, file, SETTINGS)


def test_the_gpu_is_used_where_it_is_and_the_cpu_always_remains():
    here = ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"]
    assert onnx.providers("auto", here) == ["CUDAExecutionProvider", "CPUExecutionProvider"]
    assert onnx.providers("gpu", here) == here
    assert onnx.providers("cpu", here) == ["CPUExecutionProvider"]
    assert onnx.providers("auto", ["AzureExecutionProvider", "CPUExecutionProvider"]) == ["CPUExecutionProvider"]


@pytest.mark.parametrize("device", ["gpu", "edgetpu"])
def test_a_device_that_is_not_here_leaves_the_cpu_with_the_reason(tmp_path, small, device):
    file = onnx_files.constant(tmp_path / "net.onnx", (1, 3, 32, 32), np.zeros((1, 2, 6), np.float32))
    for engine in (onnx.load(file, device, 1), tflite.load(small.file, device, 1)):
        assert engine.device.startswith("CPU")
        assert engine.notice


def test_a_model_for_the_edge_tpu_says_what_it_lacks(tmp_path):
    file = tmp_path / "net_edgetpu.tflite"
    file.write_bytes(b"TFL3 edgetpu-custom-op")
    with pytest.raises(ModelError, match=r"compiled for the Edge TPU: .*libedgetpu"):
        tflite.load(file, "auto", 1)


def test_onnxruntime_reports_to_nobody(tmp_path: Path) -> None:
    quiet = {
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
        "PATH": os.environ["PATH"],
    }  # without CI, where it reports nothing anyhow
    loads = "import edged.vision.engines.onnx as engine; engine.ort.get_available_providers()"
    subprocess.run([sys.executable, "-c", loads], env=quiet, cwd=Path(edged.__file__).parents[1], check=True)
    assert not [found for found in tmp_path.rglob("*") if found.is_file()], "no number of this box, nothing to be sent"
