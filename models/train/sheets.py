"""Contact sheets: the best, typical and worst pictures of a detector. They show people, so they stay in the work folder."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from models.train import scores, truths
from models.train.measure import Looks, Seen
from models.train.pictures import PERSON, Pixels

TILE = (416, 312)  # width, height
COLUMNS, ROWS = 4, 3
_TRUE, _DOUBTFUL, _FOUND, _WEAK = (80, 200, 80), (160, 160, 160), (60, 60, 240), (60, 190, 240)  # BGR


def draw(found: Looks, data: Path, pictures: Path, place: Path) -> Iterator[Path]:
    """Writes PNGs into `place`: green is who is there, grey is doubtful, red what was found at the card's score, orange what is just below it."""
    place.mkdir(parents=True, exist_ok=True)
    for name, looks, known in (
        ("val", found.held_out, truths.held_out(pictures)),
        ("mot", found.mot, truths.mot(data / "mot")),
    ):
        order = sorted((one for one in looks if _people(one)), key=lambda one: _quality(one, found.score))
        middle = max(0, (len(order) - COLUMNS * ROWS) // 2)
        chosen = {"worst": order, "typical": order[middle:], "best": order[::-1]}
        empty = sorted((one for one in looks if not _people(one)), key=lambda one: -one.best())
        if empty:
            chosen["empty"] = empty
        pixels = {truth.name: truth.pixels for truth in known}
        for kind, some in chosen.items():
            file = place / f"{found.model}-{name}-{kind}.png"
            cv2.imwrite(
                str(file), _sheet([_tile(pixels[one.name], one, found.score) for one in some[: COLUMNS * ROWS]])
            )
            yield file


def _people(one: Seen) -> int:
    return int((one.truth[:, 4] == PERSON).sum())


def _quality(one: Seen, score: float) -> tuple[float, int]:
    """The harmonic mean of recall and precision; among equals, more people are better."""
    recall, precision = scores.recall_and_precision([one.judged()], score)
    return 2 * recall * precision / max(recall + precision, 1e-9), _people(one)


def _tile(pixels: Pixels, one: Seen, score: float) -> Pixels:
    scale = min(TILE[0] / pixels.shape[1], TILE[1] / pixels.shape[0])
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    for *box, kind in (one.truth * np.array([scale] * 4 + [1])).tolist():
        _outline(small, box, _TRUE if kind == PERSON else _DOUBTFUL, 2)
    for box, value in zip((one.boxes * scale).tolist(), one.scores.tolist(), strict=True):
        if value >= 0.6 * score:
            _outline(small, box, _FOUND if value >= score else _WEAK, 1)
            where = (int(box[0]) + 1, max(9, int(box[1]) - 2))
            cv2.putText(small, f"{value:.2f}"[1:], where, cv2.FONT_HERSHEY_SIMPLEX, 0.35, _FOUND, 1, cv2.LINE_AA)
    tile = np.full((TILE[1], TILE[0], 3), 30, np.uint8)
    tile[: small.shape[0], : small.shape[1]] = small[: TILE[1], : TILE[0]]
    return tile


def _outline(pixels: Pixels, box: Iterable[float], colour: tuple[int, int, int], width: int) -> None:
    left, top, right, bottom = (int(value) for value in box)
    cv2.rectangle(pixels, (left, top), (right, bottom), colour, width)


def _sheet(tiles: Sequence[Pixels]) -> Pixels:
    blank = np.full((TILE[1], TILE[0], 3), 30, np.uint8)
    full = [*tiles, *[blank] * (COLUMNS * ROWS - len(tiles))]
    return np.vstack([np.hstack(full[row * COLUMNS : (row + 1) * COLUMNS]) for row in range(ROWS)])
