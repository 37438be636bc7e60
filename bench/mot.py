"""Scores a tracker against ground truth: CLEAR MOT (Bernardin and Stiefelhagen 2008) and IDF1 (Ristani and others 2016), and reads MOTChallenge files."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edged.vision.assignment import assign
from edged.vision.boxes import overlap

Boxes = NDArray[np.float64]
Frames = Mapping[int, tuple[list[int], Boxes]]  # frame -> ids, boxes (N, 4) as x1, y1, x2, y2

PEDESTRIAN = 1


@dataclass(frozen=True, slots=True)
class Scores:
    mota: float
    idf1: float
    switches: int
    misses: int
    false_alarms: int
    objects: int


def lines(path: Path) -> NDArray[np.float64]:
    """The rows of a MOTChallenge file: frame, id, left, top, width, height, score or flag, class, visibility."""
    return np.loadtxt(path, delimiter=",", ndmin=2)


def boxes(rows: NDArray[np.float64]) -> Boxes:
    """(N, 4) as x1, y1, x2, y2."""
    corners: Boxes = np.concatenate([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]], axis=1)
    return corners


def frames(rows: NDArray[np.float64]) -> Frames:
    """The rows by frame; every one of them counts."""
    of = {int(frame): rows[rows[:, 0] == frame] for frame in np.unique(rows[:, 0])}
    return {frame: ([int(i) for i in some[:, 1]], boxes(some)) for frame, some in of.items()}


def score(truth: Frames, tracked: Frames, iou: float = 0.5) -> Scores:
    """Over the frames of `truth`. A pair of the frame before stays a pair while it overlaps by `iou`; the rest is assigned by overlap."""
    misses = false_alarms = switches = 0
    last: dict[int, int] = {}
    together: Counter[tuple[int, int]] = Counter()
    objects = sum(len(ids) for ids, _ in truth.values())
    seen = sum(len(tracked[frame][0]) for frame in truth if frame in tracked)
    for frame in sorted(truth):
        ids, where = truth[frame]
        track_ids, track_boxes = tracked.get(frame, ([], np.empty((0, 4))))
        near = overlap(where, track_boxes)
        near[near < iou] = 0.0
        together.update((ids[r], track_ids[c]) for r, c in np.argwhere(near > 0))
        known = np.array([[last.get(i) == t for t in track_ids] for i in ids], np.bool_).reshape(near.shape)
        rows, columns = assign(near + 100.0 * (known & (near > 0)))
        for r, c in zip(rows, columns, strict=True):
            switches += last.get(ids[r], track_ids[c]) != track_ids[c]
            last[ids[r]] = track_ids[c]
        misses += len(ids) - len(rows)
        false_alarms += len(track_ids) - len(rows)
    return Scores(
        mota=1.0 - (misses + false_alarms + switches) / objects,
        idf1=2.0 * _identified(together) / (objects + seen),
        switches=switches,
        misses=misses,
        false_alarms=false_alarms,
        objects=objects,
    )


def _identified(together: Counter[tuple[int, int]]) -> int:
    """Frames in which objects carry the one track id that suits them best, each id used once."""
    if not together:
        return 0
    ids, tracks = (sorted({pair[side] for pair in together}) for side in (0, 1))
    shared = np.array([[float(together[i, t]) for t in tracks] for i in ids])
    return int(shared[assign(shared)].sum())
