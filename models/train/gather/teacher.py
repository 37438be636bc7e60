"""A detector that knows more looks at pictures: YOLOX-nano on the whole of each, and on four tiles that overlap."""

from pathlib import Path

import numpy as np

from edged import config
from edged.camera import stills
from edged.vision import cards, layouts, loading
from edged.vision.cards import Card
from edged.vision.planes import Canvas
from edged.vision.tensors import Engine
from models.train.gather import merging
from models.train.gather.merging import NOBODY, Scored
from models.train.pictures import Pixels

_LEAST = 0.2
_LEAST_IN_TILE = 0.3
_TILE = 0.6  # of the picture's width and height
_TALLEST = 0.6  # of a tile: who is larger was seen in the whole picture
_EDGE = 4  # pixels; who is cut off by a tile is seen whole in another


class Teacher:
    """Make one by `load`."""

    def __init__(self, card: Card, engine: Engine) -> None:
        self._card = card
        self._engine = engine
        self._canvas = Canvas(card.input, engine.input)
        self._person = cards.labels(card).index("person")

    def people(self, pixels: Pixels) -> Scored:
        """Who is in the picture, with a score of 0.2 at least, the best first."""
        height, width = pixels.shape[:2]
        wide, high = int(width * _TILE), int(height * _TILE)
        corners = [(x, y) for x in (0, width - wide) for y in (0, height - high)]
        tiles = [self._in_tile(pixels, x, y, wide, high) for x, y in corners]
        found = merging.together(merging.suppressed(self._look(pixels, _LEAST)), tiles)
        found[:, :4] = np.clip(found[:, :4], 0, (width, height, width, height))
        return found

    def _in_tile(self, pixels: Pixels, x: int, y: int, wide: int, high: int) -> Scored:
        found = self._look(pixels[y : y + high, x : x + wide], _LEAST_IN_TILE)
        height, width = pixels.shape[:2]
        cut = (found[:, 0] < _EDGE) & (x > 0) | (found[:, 1] < _EDGE) & (y > 0)
        cut |= (found[:, 2] > wide - _EDGE) & (x + wide < width) | (found[:, 3] > high - _EDGE) & (y + high < height)
        whole = merging.suppressed(found[~cut & (found[:, 3] - found[:, 1] < _TALLEST * high)])
        whole[:, :4] += (x, y, x, y)
        return whole

    def _look(self, pixels: Pixels, least: float) -> Scored:
        height, width = pixels.shape[0] // 2 * 2, pixels.shape[1] // 2 * 2
        if min(height, width) < 16:
            return NOBODY
        tensor, fit = self._canvas.draw(stills.frame(np.ascontiguousarray(pixels[:height, :width])))
        found = layouts.decode(self._engine.run(tensor), self._card, least, fit)
        people = found.classes == self._person
        boxes = found.boxes[people].astype(np.float64) * (width, height, width, height)
        return np.hstack([boxes, found.scores[people, None].astype(np.float64)])


def load(card: Path, file: Path) -> Teacher:
    """The teacher of this model card, in one thread. ModelError when the file is not there or none of the card's."""
    read = cards.read(card)
    return Teacher(read, loading.load(read, file, config.Detector(threads=1)))
