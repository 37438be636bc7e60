"""What this box has to detect with, for `edged doctor`."""

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from edged import config
from edged.vision import choice, loading
from edged.vision.tensors import ModelError

_TREE = Path("/proc/device-tree/model")
_DEVICES = {
    "/dev/apex_0": "Edge TPU (PCIe)",
    "/dev/nvidia0": "NVIDIA GPU",
    "/dev/nvhost-gpu": "Jetson GPU",
    "/dev/hailo0": "Hailo",
    "/dev/dri/renderD128": "a GPU that renders",
}
_EDGE_TPU_USB = {("1a6e", "089a"), ("18d1", "9302")}


class Finding(NamedTuple):
    """One line of a report: the topic, the answer, and why it is so or what to do."""

    topic: str
    answer: str
    reason: str


def findings(settings: config.Detector, folder: Path) -> list[Finding]:
    """Hardware, libraries, and the model that would run. Loads that model, so it takes a second; not on the loop."""
    return [_machine(), _accelerators(), *_libraries(), *_model(settings, folder)]


def _machine() -> Finding:
    board = _text(_TREE).strip("\0\n") or platform.machine()
    return Finding("machine", f"{board}, {os.cpu_count()} cores", f"{platform.system()} {platform.release()}")


def _accelerators() -> Finding:
    found = [name for path, name in _DEVICES.items() if Path(path).exists()]
    usb = Path("/sys/bus/usb/devices")
    if any((_text(d / "idVendor").strip(), _text(d / "idProduct").strip()) in _EDGE_TPU_USB for d in usb.glob("*")):
        found.append("Edge TPU (USB)")
    return Finding("accelerators", ", ".join(found) or "none", "by their device files")


def _libraries() -> list[Finding]:
    return [
        _onnx(),
        _tflite(),
        Finding("OpenCV", _version("opencv-python-headless", "opencv-python"), "resizes pictures, detects in need"),
    ]


def _onnx() -> Finding:
    try:
        from edged.vision.engines import onnx
    except ImportError as error:
        return Finding("ONNX Runtime", "not installed", str(error))
    return Finding("ONNX Runtime", onnx.VERSION, f"providers: {', '.join(onnx.available())}")


def _tflite() -> Finding:
    try:
        from edged.vision.engines import tflite
    except ImportError as error:
        return Finding("TFLite", "not installed", str(error))
    delegates = [tflite.present(library) for library in (tflite.EDGE_TPU, tflite.GPU)]
    return Finding("TFLite", tflite.RUNTIME, f"delegates: XNNPACK (CPU), {', '.join(delegates)}")


def _model(settings: config.Detector, folder: Path) -> list[Finding]:
    try:
        chosen = choice.at_hand(settings, folder)
        engine = loading.load(chosen.model.card, chosen.model.file, settings)
    except ModelError as error:
        return [Finding("model", f"{settings.model}: can't run", str(error))]
    return [
        Finding("model", chosen.model.name, chosen.reason),
        Finding("model file", chosen.model.card.file or "none", chosen.model.origin),
        Finding("runtime", engine.runtime, f"the card says {chosen.model.card.runtime}"),
        Finding("device", engine.device, engine.notice or f"detector.device = {settings.device}"),
        *(Finding("notice", "", notice) for notice in chosen.notices),
    ]


def _version(*packages: str) -> str:
    for package in packages:
        try:
            return metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return "unknown"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
