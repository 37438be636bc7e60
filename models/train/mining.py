"""Places where a network sees people and nobody is: in pictures without people, and in what lies between the people of the others."""

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
import torch

from models.train.network import PersonNet, corners, flat, places
from models.train.pictures import Picture, Pixels

SURE = 0.3
SIZE = (416, 256)  # of what the network looks at
MOST = 4  # of one picture
_AROUND = 1.2  # of the false box, on each side: what it stands in is what fools


def mine(network: PersonNet, pictures: Iterable[Picture]) -> Iterator[Pixels]:
    """Patches around false alarms, the strongest first in each picture. Pictures whose people may be unlabelled are not asked."""
    network.eval()
    for picture in pictures:
        if picture.held_out:
            continue
        pixels = picture.pixels()
        boxes, scores = look(network, pixels)
        false = [box for box, score in zip(boxes, scores, strict=True) if score > SURE and not _known(box, picture)]
        for box in false[:MOST]:
            yield _patch(pixels, box, picture)


@torch.inference_mode()
def look(network: PersonNet, pixels: Pixels) -> tuple[np.ndarray, np.ndarray]:
    """(N, 4) boxes in pixels and their scores, the best first, one for each place that stands out."""
    width, height = SIZE
    scale = min(width / pixels.shape[1], height / pixels.shape[0])
    small = cv2.resize(
        pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    )
    canvas = np.full((height, width, 3), 114, np.uint8)
    canvas[: small.shape[0], : small.shape[1]] = small[:height, :width]
    logits, boxes, shapes = flat(
        network(torch.from_numpy(canvas[..., ::-1].transpose(2, 0, 1).copy())[None].float() / 255)
    )
    scores = logits[0].sigmoid()
    order = scores.argsort(descending=True)[:200]
    found = corners(boxes, *places(shapes))[0][order].numpy() / scale
    kept = cv2.dnn.NMSBoxes([[*box[:2], *(box[2:] - box[:2])] for box in found.tolist() for box in [np.array(box)]],
                            scores[order].tolist(), 0.0, 0.5)  # fmt: skip
    kept = np.array(kept, int).reshape(-1)
    return found[kept], scores[order].numpy()[kept]


def _known(box: np.ndarray, picture: Picture) -> bool:
    """Whether somebody, or something doubtful, is near."""
    if picture.empty:
        return False
    margin = 0.3 * (box[2:] - box[:2])
    low, high = box[:2] - margin, box[2:] + margin
    others = picture.boxes
    return bool(((others[:, :2] < high) & (others[:, 2:4] > low)).all(axis=1).any())


def _patch(pixels: Pixels, box: np.ndarray, picture: Picture) -> Pixels:
    """The false box and what is around it, as far as nobody stands there."""
    size = box[2:] - box[:2]
    for around in (_AROUND, 0.6, 0.25):
        low = np.maximum(0, box[:2] - around * size).astype(int)
        high = np.minimum(pixels.shape[1::-1], box[2:] + around * size).astype(int)
        crowded = (
            not picture.empty and ((picture.boxes[:, :2] < high) & (picture.boxes[:, 2:4] > low)).all(axis=1).any()
        )
        if not crowded:
            break
    return pixels[low[1] : max(low[1] + 8, high[1]), low[0] : max(low[0] + 8, high[0])]
