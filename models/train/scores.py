"""How good detections are: average precision at IoU 0.5 (Everingham and others 2010, all points), and false alarms where nobody is."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edged.vision.boxes import overlap
from models.train.pictures import DOUBTFUL, PERSON, Boxes

_HIT = 0.5
_DOUBTFUL_IOU, _DOUBTFUL_SHARE = 0.4, 0.6  # a box so far on a doubtful one is neither right nor wrong

Floats = NDArray[np.float64]


class Judged(NamedTuple):
    """Of one picture: the scores of the boxes that count, which of them are right, and how many people there are."""

    scores: Floats
    right: NDArray[np.bool_]
    people: int


def judge(truth: Boxes, boxes: Floats, scores: Floats) -> Judged:
    """`boxes` (N, 4) as x1, y1, x2, y2 in the pixels of `truth`."""
    order = np.argsort(-scores)
    boxes, scores = boxes[order].astype(np.float64), scores[order]
    people = truth[truth[:, 4] == PERSON, :4].astype(np.float64)
    doubtful = truth[truth[:, 4] == DOUBTFUL, :4].astype(np.float64)
    near = overlap(boxes, people)
    right, counts = np.zeros(len(boxes), np.bool_), np.ones(len(boxes), np.bool_)
    free = np.ones(len(people), np.bool_)
    for index in range(len(boxes)):
        candidates = np.where(free, near[index], -1.0)
        if len(people) and candidates.max() >= _HIT:
            right[index], free[candidates.argmax()] = True, False
        elif _doubtful(boxes[index], doubtful):
            counts[index] = False
    return Judged(scores[counts], right[counts], len(people))


def _doubtful(box: Floats, doubtful: Floats) -> bool:
    if not len(doubtful):
        return False
    shared = (np.minimum(doubtful[:, 2:], box[2:]) - np.maximum(doubtful[:, :2], box[:2])).clip(0).prod(axis=1)
    area = max(float((box[2:] - box[:2]).prod()), 1e-9)
    return bool(overlap(box[None], doubtful).max() > _DOUBTFUL_IOU or (shared / area).max() > _DOUBTFUL_SHARE)


def average_precision(judged: Sequence[Judged]) -> float:
    scores = np.concatenate([one.scores for one in judged])
    right = np.concatenate([one.right for one in judged])[np.argsort(-scores)]
    people = sum(one.people for one in judged)
    if not len(right) or not people:
        return 0.0
    hits = right.cumsum()
    recall, precision = hits / people, hits / np.arange(1, len(hits) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(np.r_[0.0, recall]) * best).sum())


def recall_and_precision(judged: Iterable[Judged], score: float) -> tuple[float, float]:
    """Of the boxes with at least this score."""
    people = found = right = 0
    for one in judged:
        people += one.people
        found += int((one.scores >= score).sum())
        right += int((one.right & (one.scores >= score)).sum())
    return right / max(1, people), right / max(1, found)


def false_alarms(judged: Sequence[Judged], score: float) -> float:
    """Boxes with at least this score for each 100 pictures without people."""
    empty = [one for one in judged if not one.people]
    return 100 * sum(int((one.scores >= score).sum()) for one in empty) / max(1, len(empty))
