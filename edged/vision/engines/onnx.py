"""ONNX Runtime. The best execution provider that this installation has, else the CPU with the reason."""

from pathlib import Path
from typing import Literal

import numpy as np
import onnxruntime as ort

from edged.vision.tensors import Array, ModelError, Spec, Tensor

_DTYPES = {"tensor(float)": np.float32, "tensor(uint8)": np.uint8, "tensor(int8)": np.int8}
# TensorRT is left to who asks for the GPU: its first start compiles the network for minutes.
_ACCELERATORS = {
    "CUDAExecutionProvider": "CUDA",
    "ROCMExecutionProvider": "ROCm",
    "OpenVINOExecutionProvider": "OpenVINO",
    "CoreMLExecutionProvider": "CoreML",
    "DmlExecutionProvider": "DirectML",
}
_TENSORRT = "TensorrtExecutionProvider"
_CPU = "CPUExecutionProvider"

Device = Literal["auto", "cpu", "gpu", "edgetpu"]


VERSION: str = ort.__version__


def available() -> list[str]:
    """The providers this build has, best first."""
    return list(ort.get_available_providers())


def providers(device: Device, available: list[str]) -> list[str]:
    """What to try, best first; the CPU is always last."""
    wanted = [] if device in ("cpu", "edgetpu") else list(_ACCELERATORS)
    if device == "gpu":
        wanted.insert(0, _TENSORRT)
    return [provider for provider in wanted if provider in available] + [_CPU]


class OnnxRuntime:
    """A session; see `tensors.Engine`."""

    def __init__(self, session: ort.InferenceSession, spec: Spec, device: str, notice: str) -> None:
        self._session = session
        self._name: str = session.get_inputs()[0].name
        self._outputs: list[str] = [output.name for output in session.get_outputs()]
        self.input = spec
        self.runtime = f"ONNX Runtime {ort.__version__}"
        self.device = device
        self.notice = notice
        self.on_cpu = device.startswith("CPU")

    def run(self, tensor: Array) -> tuple[Tensor, ...]:
        try:
            results = self._session.run(self._outputs, {self._name: tensor})
        except Exception as error:  # its exceptions share no class of their own
            raise ModelError(f"{self.runtime} failed: {_first_line(error)}") from error
        return tuple(Tensor(values, name=name) for name, values in zip(self._outputs, results, strict=True))


def load(file: Path, device: Device, threads: int) -> OnnxRuntime:
    """The engine for `file`; ModelError when it is no usable ONNX model."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # Spinning would keep the cores busy between two pictures.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    tried = providers(device, ort.get_available_providers())
    try:
        session = ort.InferenceSession(str(file), options, providers=tried)
    except Exception as error:  # its exceptions share no class of their own
        raise ModelError(f"{file} is not a model ONNX Runtime can read: {_first_line(error)}") from error
    return OnnxRuntime(session, _spec(file, session), *_place(session.get_providers()[0], tried, device, threads))


def _spec(file: Path, session: ort.InferenceSession) -> Spec:
    inputs = session.get_inputs()
    if len(inputs) != 1 or inputs[0].type not in _DTYPES:
        kinds = ", ".join(f"{given.name}: {given.type}" for given in inputs)
        raise ModelError(f"{file} wants {kinds}; edged feeds one float32, uint8 or int8 picture")
    shape = tuple(size if isinstance(size, int) else None for size in inputs[0].shape)
    return Spec(shape, np.dtype(_DTYPES[inputs[0].type]))


def _place(used: str, tried: list[str], device: Device, threads: int) -> tuple[str, str]:
    """(device, notice)."""
    if used != _CPU:
        return _ACCELERATORS.get(used, "TensorRT"), ""
    cpu = f"CPU, threads: {threads}"
    if len(tried) > 1:
        return (
            cpu,
            f"ONNX Runtime offers {tried[0]} but could not start it, so the model runs on the CPU; check the driver",
        )
    if device == "gpu":
        return cpu, "this ONNX Runtime has no GPU provider, so the model runs on the CPU; install onnxruntime-gpu"
    if device == "edgetpu":
        return (
            cpu,
            "an ONNX model can't run on an Edge TPU, so it runs on the CPU; choose a TFLite model compiled for it",
        )
    return cpu, ""


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
