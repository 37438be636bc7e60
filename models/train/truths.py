"""The pictures that a detector is measured on, with where people are in them: held-out training pictures, MOT17-mini, empty rooms."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import av
import cv2
import numpy as np

from bench import onebyone
from bench.mot import lines
from models.train.pictures import DOUBTFUL, PERSON, Boxes, Pixels, read

_CLASSES = {
    1: PERSON,
    2: DOUBTFUL,
    7: DOUBTFUL,
    8: DOUBTFUL,
    12: DOUBTFUL,
}  # pedestrian; on a vehicle, static, distractor, reflection
_SEEN = 0.25  # a pedestrian less visible than this is doubtful
_LEAST_HEIGHT = 0.06  # of the picture; who is smaller is doubtful


class Truth(NamedTuple):
    name: str
    pixels: Pixels
    boxes: Boxes


def held_out(folder: Path) -> Iterator[Truth]:
    """The 161 mixed pictures that nothing is learned from."""
    for picture in read(folder):
        if picture.held_out:
            yield Truth(picture.path.name, picture.pixels(), picture.boxes)


def mot(folder: Path) -> Iterator[Truth]:
    """The pictures of MOT17-mini under `folder`."""
    for sequence in sorted(folder.glob("MOT17-mini/train/*")):
        rows = lines(sequence / "gt" / "gt.txt")
        for file in sorted((sequence / "img1").glob("*.jpg")):
            pixels = cv2.imread(str(file))
            yield Truth(
                f"{sequence.name}/{file.name}", pixels, _boxes(rows[rows[:, 0] == int(file.stem)], *pixels.shape[:2])
            )


def _boxes(rows, height: int, width: int) -> Boxes:
    found = []
    for _, _, left, top, wide, high, flag, kind, seen, *_ in rows:
        kind = _CLASSES.get(int(kind))
        if kind is None:
            continue
        sure = kind == PERSON and flag == 1 and seen >= _SEEN
        corners = np.clip([left, top, left + wide, top + high], 0, [width, height, width, height])
        sure = sure and corners[3] - corners[1] >= _LEAST_HEIGHT * height
        found.append([*corners, PERSON if sure else DOUBTFUL])
    return np.array(found, np.float32).reshape(-1, 5)


def street(clip: Path, truth: Path) -> Iterator[Truth]:
    """The frames of `clip` that a MOTChallenge file, in the clip's pixels, says something of."""
    rows = lines(truth)
    for number, picture in enumerate(_frames(clip), 1):
        if (here := rows[:, 0] == number).any():
            corners = np.concatenate([rows[here, 2:4], rows[here, 2:4] + rows[here, 4:6]], axis=1)
            people = np.concatenate([corners, np.full((len(corners), 1), PERSON)], axis=1).astype(np.float32)
            yield Truth(f"{clip.name}/{number}", picture, people)


def one_by_one(data: Path) -> tuple[Iterator[Truth], Iterator[Truth]]:
    """The frames of one-by-one that show somebody in full, and those that show nobody; where the person is, is not known. Nothing without the clip."""
    clip = data / onebyone.CLIP
    if not clip.is_file():
        return iter(()), iter(())
    return _some(clip, onebyone.FULL_VIEW), _some(clip, onebyone.EMPTY)


def _some(clip: Path, numbers: frozenset[int]) -> Iterator[Truth]:
    for number, picture in enumerate(_frames(clip)):
        if number in numbers:
            yield Truth(f"{clip.name}/{number}", picture, np.zeros((0, 5), np.float32))


def _frames(clip: Path) -> Iterator[Pixels]:
    with av.open(str(clip)) as container:
        for picture in container.decode(video=0):
            yield picture.to_ndarray(format="bgr24")
