"""What the network is fed: pictures as the daemon draws them, and the range it takes them in."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edged.vision import cards
from edged.vision.planes import Canvas
from edged.vision.tensors import Spec
from models.train.measure import frame
from models.train.pictures import Picture

Size = tuple[int, int]  # width, height
Drawn = Sequence[NDArray[np.uint8]]  # (height, width, 3) RGB each, letterboxed

MIDDLE, SCALE = 0.45, 4.0  # the network takes (x / 255 - MIDDLE) * SCALE
LEAST, MOST = -MIDDLE * SCALE, (1 - MIDDLE) * SCALE


def drawn(pictures: Sequence[Picture], size: Size) -> Drawn:
    """The pictures in an input of this size."""
    width, height = size
    given = cards.Input(width=width, height=height, layout="nhwc", colour="rgb", letterbox="top-left")
    canvas = Canvas(given, Spec(given.shape, np.dtype(np.uint8)))
    return [canvas.draw(frame(picture.pixels()))[0][0].copy() for picture in pictures]
