"""The network all contestants run: int8 at 416, on LiteRT with two threads."""

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from edged import shipped

THREADS = 2
YOLO = "yolov8n_full_integer_quant_416.tflite"
COMES_ALONG = "edged-person"

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Model:
    """A card as the daemon reads it, and its file. `card` is TOML without labels when the card does not ship with edged."""

    name: str
    file: Path
    card: dict[str, Any]

    @property
    def size(self) -> tuple[int, int]:
        return self.card["input"]["width"], self.card["input"]["height"]


def model() -> Model:
    """YOLOv8n 416 int8 out of the test data where that is at hand, else the person detector that comes along."""
    data = Path(os.environ.get("EDGED_TEST_DATA") or Path(__file__).parents[2] / "shared" / "data")
    yolo = data / "models" / YOLO
    if yolo.exists():
        given = {"width": 416, "height": 416, "layout": "nhwc", "colour": "rgb", "mean": 0.0, "scale": 1 / 255}
        return Model("yolov8n-int8-416", yolo, {"input": given, "output": {"layout": "yolov8"}})
    folder = shipped.path("models")
    return Model(
        COMES_ALONG, folder / f"{COMES_ALONG}.tflite", tomllib.loads((folder / f"{COMES_ALONG}.toml").read_text())
    )


class Network:
    """An interpreter ready to run."""

    def __init__(self, model: Model) -> None:
        self.size = model.size
        self._yolo = model.card["output"]["layout"] == "yolov8"
        self._interpreter = Interpreter(model_path=str(model.file), num_threads=THREADS)
        self._interpreter.allocate_tensors()
        (given,) = self._interpreter.get_input_details()
        self._input = given["index"]
        self._outputs = self._interpreter.get_output_details()
        self._table = _table(model.card["input"], given)
        self._tensor = np.full(given["shape"], self._table[114], given["dtype"])

    def run(self, rgb: Picture) -> list[NDArray[Any]]:
        """The outputs as they are for a picture (height, width, 3) no larger than the input, which is put top left."""
        height, width = rgb.shape[:2]
        self._tensor[0, :height, :width] = cv2.LUT(rgb, self._table)
        self._interpreter.set_tensor(self._input, self._tensor)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(output["index"]) for output in self._outputs]

    def boxes(self, outputs: list[NDArray[Any]], least: float = 0.4) -> list[dict[str, Any]]:
        """Boxes of a YOLOv8 output after suppression, in fractions of the input. Other layouts give none: to the advantage of who asks."""
        if not self._yolo:
            return []
        scale, zero = self._outputs[0]["quantization"]
        found = (outputs[0][0].astype(np.float32).T - zero) * scale
        scores = found[:, 4:].max(axis=1)
        found, scores = found[scores >= least], scores[scores >= least]
        corners = np.hstack([found[:, :2] - found[:, 2:4] / 2, found[:, 2:4]])
        kept = cv2.dnn.NMSBoxes(corners.tolist(), scores.tolist(), least, 0.55)
        return [
            {"label": int(found[i, 4:].argmax()), "score": float(scores[i]), "box": corners[i].tolist()} for i in kept
        ]


def fitted(width: int, height: int, size: tuple[int, int]) -> tuple[int, int]:
    """The largest (width, height) of the picture's shape that fits into `size`."""
    ratio = min(size[0] / width, size[1] / height)
    return round(width * ratio), round(height * ratio)


def _table(card: dict[str, Any], given: dict[str, Any]) -> NDArray[Any]:
    """What each of the 256 colour values is in the network's own numbers."""
    scale, zero = given["quantization"]
    limits = np.iinfo(given["dtype"])
    values = (np.arange(256) - card["mean"]) * card["scale"] / scale + zero
    return np.asarray(np.clip(np.round(values), limits.min, limits.max), given["dtype"])
