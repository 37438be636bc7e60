"""A picture of a face or a figure -> a vector that is alike for pictures of the same person."""

import cv2
import numpy as np

from edged.recognition import alignment
from edged.recognition.alignment import Floats, Picture
from edged.recognition.finding import Found
from edged.vision import pixels
from edged.vision.cards import Card, Vectors
from edged.vision.planes import tables
from edged.vision.tensors import Engine, ModelError

_ROOM = 0.15  # of a face's box, for networks that want it unaligned


class Embedder:
    """For one thread at a time. ModelError for a card that is none of an embedder's, or a network that fails."""

    def __init__(self, card: Card, engine: Engine) -> None:
        if card.vectors is None:
            raise ModelError(f"model {card.name}: it makes no vectors; name one for the task face or body")
        self.name: str = card.name
        self.about: Vectors = card.vectors
        self.notice = engine.notice
        self._card = card
        self._engine = engine
        self._tables = tables(card.input, engine.input)

    def face(self, bgr: Picture, face: Found) -> tuple[Picture, Picture]:
        """(what the network is to see of it, the aligned face by which its quality is judged)."""
        size = self._card.input.width, self._card.input.height
        straight = alignment.aligned(bgr, face.points, *size)
        if self.about.aligned:
            return straight, straight
        x1, y1, x2, y2 = face.box
        room = _ROOM * max(x2 - x1, y2 - y1)
        return self.fitted(bgr, (x1 - room, y1 - room, x2 + room, y2 + room)), straight

    def fitted(self, bgr: Picture, box: tuple[float, float, float, float]) -> Picture:
        """`box` of the picture, in pixels, in the network's size."""
        height, width = bgr.shape[:2]
        left, top = max(0, min(width - 1, int(box[0]))), max(0, min(height - 1, int(box[1])))
        cut = bgr[top : max(top + 1, round(box[3])), left : max(left + 1, round(box[2]))]
        size = self._card.input.width, self._card.input.height
        flags = cv2.INTER_AREA if cut.shape[0] > size[1] else cv2.INTER_LINEAR
        return np.asarray(cv2.resize(cut, size, interpolation=flags), np.uint8)

    def vector(self, picture: Picture) -> Floats:
        """(dimensions,) of length 1, for a picture of the network's size."""
        outputs = self._engine.run(pixels.tensor(picture, self._card.input, self._tables))
        values = outputs[0].real(outputs[0].values).ravel()
        if values.size != self.about.dimensions:
            raise ModelError(
                f"model {self.name}: it gives {values.size} numbers, but its card says {self.about.dimensions}; correct the card"
            )
        length = float(np.linalg.norm(values))
        if not np.isfinite(length) or length < 1e-9:
            raise ModelError(f"model {self.name}: it says nothing of a picture; is its file the one of the card?")
        return np.asarray(values / length, np.float32)
