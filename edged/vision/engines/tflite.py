"""TFLite models on LiteRT (`ai_edge_litert`), or on `tflite_runtime` where only that is installed."""

import ctypes
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import numpy as np

from edged.vision.tensors import Array, ModelError, Spec, Tensor

try:
    from ai_edge_litert.interpreter import Interpreter, load_delegate

    RUNTIME = f"LiteRT {metadata.version('ai-edge-litert')}"
except ImportError:
    from tflite_runtime.interpreter import Interpreter, load_delegate

    RUNTIME = f"TFLite {metadata.version('tflite-runtime')}"

Device = Literal["auto", "cpu", "gpu", "edgetpu"]

EDGE_TPU = "libedgetpu.so.1"
GPU = "libtensorflowlite_gpu_delegate.so"
_COMPILED_FOR_EDGE_TPU = b"edgetpu-custom-op"


class LiteRt:
    """An interpreter; see `tensors.Engine`."""

    def __init__(self, interpreter: Any, device: str, notice: str) -> None:
        self._interpreter = interpreter
        (given,) = interpreter.get_input_details()
        self._index: int = given["index"]
        self._outputs: list[dict[str, Any]] = interpreter.get_output_details()
        shape = tuple(int(size) for size in given["shape"])
        scale, zero = given["quantization"]
        self.input = Spec(shape, np.dtype(given["dtype"]), *_quantisation(given["dtype"], scale, zero))
        self.runtime = RUNTIME
        self.device = device
        self.notice = notice
        self.on_cpu = device.startswith("CPU")

    def run(self, tensor: Array) -> tuple[Tensor, ...]:
        try:
            self._interpreter.set_tensor(self._index, tensor)
            self._interpreter.invoke()
            return tuple(self._output(details) for details in self._outputs)
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"{self.runtime} failed: {_first_line(error)}") from error

    def _output(self, details: dict[str, Any]) -> Tensor:
        values = self._interpreter.get_tensor(details["index"])
        return Tensor(values, *_quantisation(values.dtype, *details["quantization"]), details["name"])


def load(file: Path, device: Device, threads: int) -> LiteRt:
    """The engine for `file`; ModelError when it is no usable TFLite model."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ModelError(f"can't read {file}: {error.strerror}") from error
    for_edge_tpu = _COMPILED_FOR_EDGE_TPU in content
    delegate, place, notice = _delegate(device, for_edge_tpu)
    if for_edge_tpu and delegate is None:
        raise ModelError(f"{file} is compiled for the Edge TPU: {notice or 'detector.device does not allow it'}")
    try:
        interpreter = Interpreter(
            model_content=content, num_threads=threads, experimental_delegates=[delegate] if delegate else None
        )
        interpreter.allocate_tensors()
        return LiteRt(interpreter, place or f"CPU, threads: {threads} (XNNPACK)", notice)
    except (RuntimeError, ValueError) as error:
        raise ModelError(f"{file} is not a model {RUNTIME} can run: {_first_line(error)}") from error


def present(library: str) -> str:
    """`library` with whether it is on this box."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return f"no {library}"
    return f"{library} is here"


def _delegate(device: Device, for_edge_tpu: bool) -> tuple[Any, str, str]:
    """(delegate or None, device, notice)."""
    if for_edge_tpu and device in ("auto", "edgetpu"):
        return _loaded(EDGE_TPU, "Edge TPU", "install libedgetpu1-std and plug the Edge TPU in")
    if device == "gpu":
        return _loaded(GPU, "GPU", "put the library on the linker's path, or set detector.device to auto")
    if device == "edgetpu":
        return None, "", "the model is not compiled for the Edge TPU, so it runs on the CPU; choose one that is"
    return None, "", ""


def _loaded(library: str, device: str, remedy: str) -> tuple[Any, str, str]:
    try:
        ctypes.CDLL(library)  # LiteRT's own attempt leaves a half-made delegate whose end prints a traceback
        return load_delegate(library), device, ""
    except (OSError, ValueError) as error:
        return None, "", f"{device}: can't use {library} ({_first_line(error)}); {remedy}"


def _quantisation(dtype: Any, scale: float, zero: int) -> tuple[float, int]:
    """Movenet and its like state a scale of 0 for integers that are plain values."""
    return (float(scale), int(zero)) if np.issubdtype(dtype, np.integer) else (0.0, 0)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
