"""A model file -> the card it probably wants: input from the file itself, layout from the shapes of its outputs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from edged import config, shipped
from edged.vision import cards, layouts, loading, models
from edged.vision.cards import Card, Input, Layout, Output, Runtime
from edged.vision.tensors import ModelError, Spec, Tensor

_RUNTIMES: dict[str, Runtime] = {".onnx": "onnx", ".tflite": "tflite"}
_LABELS = {80: "coco80.txt", 90: "coco90.txt"}


def guess(file: Path, name: str, layout: Layout | None, labels: tuple[str, ...], licence: str) -> Card:
    """A card for `file`, by loading and running it once. Empty `labels` and no `layout` are guessed too; ModelError says what must be told."""
    runtime = _RUNTIMES.get(file.suffix)
    if runtime is None:
        raise ModelError(f"{file}: edged runs .onnx and .tflite files")
    engine = loading.engine(runtime, file, config.Detector(device="cpu"))
    width, height, order = _size(engine.input, file)
    outputs = engine.run(np.zeros([size or 1 for size in engine.input.shape], engine.input.dtype))
    layout = layout or _layout(outputs, layouts.cells(width, height), len(labels), file)
    labels = labels or _labels(outputs, layout, file)
    return Card(
        name=name,
        title=f"{file.name}, added by its owner",
        licence=licence,
        runtime=runtime,
        file=file.name,
        sha256=models.sha256(file),
        labels=labels,
        input=_input(layout, width, height, order),
        output=Output(
            layout=layout, coordinates=_coordinates(outputs, len(labels)) if layout == "yolov8" else "fractions"
        ),
    )


def _size(spec: Spec, file: Path) -> tuple[int, int, Literal["nchw", "nhwc"]]:
    """(width, height, channel order)."""
    match spec.shape:
        case (_, 3, int(height), int(width)):
            return width, height, "nchw"
        case (_, int(height), int(width), 3):
            return width, height, "nhwc"
    raise ModelError(f"{file} takes {list(spec.shape)}; edged feeds one colour picture of a fixed size: export it so")


def _layout(outputs: Sequence[Tensor], cells: int, labels: int, file: Path) -> Layout:
    """By the number and shapes of the outputs; one row per cell and class, four for the box, YOLOX one more for objectness."""
    shapes = [output.values.shape for output in outputs]
    match shapes:
        case [(_, a, b)] if cells in (a, b):
            rows = a if b == cells else b
            known = {labels} if labels else set(_LABELS)
            if rows - 4 in known:
                return "yolov8"
            if rows - 5 in known:
                return "yolox"
        case [_, _, _, _] if sum(len(shape) == 3 and shape[2] == 4 for shape in shapes) == 1:
            return "ssd"
        case [_, _, _, _, _, _] if sorted(shape[-1] for shape in shapes) == [1, 1, 1, 4, 4, 4]:
            return "edged"
    raise ModelError(f"{file}: can't tell the layout from its outputs {shapes}; say --layout and --labels")


def _labels(outputs: Sequence[Tensor], layout: Layout, file: Path) -> tuple[str, ...]:
    """COCO's where the number of classes is COCO's; ModelError for all others."""
    match layout:
        case "edged":
            return ("person",)
        case "ssd":
            classes = 90
        case _:
            classes = min(outputs[0].values.shape[1:]) - (5 if layout == "yolox" else 4)
    if classes not in _LABELS:
        raise ModelError(f"{file} knows {classes} classes; say --labels FILE, one label per line")
    return cards.lines(shipped.path("models") / _LABELS[classes])


def _input(layout: Layout, width: int, height: int, order: Literal["nchw", "nhwc"]) -> Input:
    """As the networks of a layout are trained by their own projects."""
    match layout:
        case "yolox":
            return Input(width=width, height=height, layout=order, colour="bgr", letterbox="top-left")
        case "ssd":
            return Input(
                width=width, height=height, layout=order, colour="rgb", mean=127.5, scale=1 / 127.5, letterbox="stretch"
            )
        case "edged":
            return Input(
                width=width, height=height, layout=order, colour="rgb", mean=114.75, scale=4 / 255, letterbox="top-left"
            )
        case _:
            return Input(width=width, height=height, layout=order, colour="rgb", scale=1 / 255)


def _coordinates(outputs: Sequence[Tensor], classes: int) -> Literal["fractions", "pixels"]:
    """Cells at the far edge give centres near 1, or near the input's size."""
    (output,) = outputs
    table = output.values[0] if output.values.shape[1] == 4 + classes else output.values[0].T
    return "pixels" if output.real(table[:2]).max() > 2 else "fractions"
