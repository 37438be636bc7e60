"""Thumbnails of pictures that must not be gathered: those that the network is measured by, and those at hand already."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np

from models.train.gather.thumbnails import Thumbnails, thumbnail

ALIKE = 0.985  # frames of a fixed camera between which next to nothing happened
MEASURED_ALIKE = 0.93  # not even the same place
_PICTURES = {".jpg", ".jpeg", ".png", ".bmp"}
_FILMS = {".mp4", ".avi", ".gif"}
_STEP = 25  # frames of a film


class Known:
    """Make one by `known`."""

    def __init__(self, measured: Thumbnails, at_hand: Thumbnails) -> None:
        self.measured = measured
        self.at_hand = at_hand

    def refused(self, thumbnail: bytes) -> str:
        """Why this picture must not be gathered; empty when it may."""
        if self.measured.twin(thumbnail):
            return "in the evaluation"
        return "in the data folder" if self.at_hand.twin(thumbnail) else ""


def known(evaluation: Iterable[Path], data: Path) -> Known:
    """All pictures and some frames of all films under `evaluation`, and the training pictures of `data`; what isn't there is left out."""
    found = Known(Thumbnails(MEASURED_ALIKE), Thumbnails(ALIKE))
    for file in sorted(file for place in evaluation for file in place.rglob("*")):
        for name, small in _thumbnails(file):
            found.measured.add(name, small)
    labels = data / "labels.json"
    for entry in json.loads(labels.read_text()) if labels.is_file() else ():
        pixels = cv2.imread(str(data / "images" / entry["image"]), cv2.IMREAD_GRAYSCALE)
        if pixels is not None:
            (found.measured if entry.get("val") else found.at_hand).add(
                entry["image"], thumbnail(np.asarray(pixels, np.uint8))
            )
    return found


def _thumbnails(file: Path) -> Iterator[tuple[str, bytes]]:
    if file.suffix.lower() in _PICTURES:
        pixels = cv2.imread(str(file))
        if pixels is not None:
            yield file.name, thumbnail(np.asarray(pixels, np.uint8))
    elif file.suffix.lower() in _FILMS:
        film = cv2.VideoCapture(str(file))
        number = 0
        while film.grab():
            if number % _STEP == 0:
                _, pixels = film.retrieve()
                yield f"{file.name} {number}", thumbnail(np.asarray(pixels, np.uint8))
            number += 1
        film.release()
