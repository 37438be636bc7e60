"""Pictures in colour -> the network's input. For pictures that are no frames: those have planes, and `planes` for them."""

import cv2
import numpy as np
from numpy.typing import NDArray

from edged.vision.cards import Input
from edged.vision.tensors import Array

Picture = NDArray[np.uint8]


def tensor(bgr: Picture, card: Input, tables: Array) -> Array:
    """`bgr` (height, width, 3), of the input's own size, with a batch dimension; `tables` are those of `planes.tables`."""
    match card.colour:
        case "bgr":
            colours = bgr
        case "rgb":
            colours = bgr[:, :, ::-1]
        case "grey":
            return np.asarray(tables[0][cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)])
    planes = [table[colours[:, :, channel]] for channel, table in enumerate(tables)]
    return np.stack(planes, axis=0 if card.layout == "nchw" else 2)[None]
