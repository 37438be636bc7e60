"""A model's file -> the engine that runs it."""

from pathlib import Path

import cv2

from edged import config
from edged.vision.cards import Card, Runtime
from edged.vision.tensors import Engine, ModelError


def load(card: Card, file: Path | None, settings: config.Detector) -> Engine:
    """The engine for a card; ModelError when `file` isn't what the card says."""
    loaded = engine(card.runtime, file, settings)
    stated, actual = card.input.shape, loaded.input.shape
    if len(actual) != len(stated) or any(a not in (None, s) for a, s in zip(actual, stated, strict=True)):
        raise ModelError(
            f"model {card.name}: the card says input {list(stated)}, but {file} takes {list(actual)}; correct the card"
        )
    # Resizing a picture is over before a second thread has woken; only HOG gains from OpenCV's threads.
    cv2.setNumThreads(settings.threads if card.runtime == "opencv" else 1)
    return loaded


def engine(runtime: Runtime, file: Path | None, settings: config.Detector) -> Engine:
    """The engine; its library is imported only now, since each costs tens of megabytes. ModelError when the file is none of its kind."""
    match runtime, file:
        case "onnx", Path():
            try:
                from edged.vision.engines import onnx
            except ImportError as error:
                raise ModelError(
                    f"{file} needs ONNX Runtime, which can't be loaded here ({error}): pip install onnxruntime"
                ) from error
            return onnx.load(file, settings.device, settings.threads)
        case "tflite", Path():
            try:
                from edged.vision.engines import tflite
            except ImportError as error:
                raise ModelError(
                    f"{file} needs LiteRT, which can't be loaded here ({error}): pip install ai-edge-litert"
                ) from error
            return tflite.load(file, settings.device, settings.threads)
        case _:
            from edged.vision.engines import opencv

            return opencv.Hog(settings.threads)
