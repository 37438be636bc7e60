"""The table of a detector, looked at as the daemon looks: through its card, from YUV planes."""

import asyncio
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edged import config
from edged.camera import stills
from edged.vision.detector import Detector, open_detector
from models.train import scores, truths

LEAST = 0.05
_FIRST = 5  # inferences that only warm up


@dataclass(frozen=True)
class Row:
    """`mot` and `held_out` are average precisions; `empty` is false alarms in 100 pictures without people, at `score`."""

    model: str
    ms: float
    score: float
    mot: float
    held_out: float
    recall: float
    precision: float
    empty: float


async def row(model: str, models_dir: Path, data: Path, pictures: Path, score: float | None) -> Row:
    """Measures the model of this card. Raises ModelError when it can't be run."""
    async with open_detector(config.Detector(model=model, pull=False), models_dir) as detector:
        mot, ms = await _judged(detector, truths.mot(data / "mot"))
        held_out, _ = await _judged(detector, truths.held_out(pictures))
        at = detector.score if score is None else score
        recall, precision = scores.recall_and_precision(held_out, at)
        return Row(detector.name, ms, at, scores.average_precision(mot), scores.average_precision(held_out), recall,
                   precision, scores.false_alarms(held_out, at))  # fmt: skip


async def _judged(detector: Detector, known: Iterable[truths.Truth]) -> tuple[list[scores.Judged], float]:
    """Each picture judged, and the median milliseconds of an inference."""
    person, judged, times = detector.labels.index("person"), [], []
    for truth in known:
        height, width = truth.pixels.shape[0] // 2 * 2, truth.pixels.shape[1] // 2 * 2
        frame = await asyncio.to_thread(stills.frame, np.ascontiguousarray(truth.pixels[:height, :width]))
        found, timing = await detector.detect(frame, LEAST)
        times.append(1000 * timing.invoke)
        people = found.classes == person
        boxes = found.boxes[people].astype(np.float64) * (width, height, width, height)
        judged.append(scores.judge(truth.boxes, boxes, found.scores[people].astype(np.float64)))
    return judged, statistics.median(times[_FIRST:] or times or [0.0])


def table(rows: Iterable[Row]) -> str:
    lines = ["| model | ms | MOT AP | held-out AP | at score | recall | precision | empty |", "|---|---|---|---|---|---|---|---|"]
    for one in rows:
        lines.append(
            f"| {one.model} | {one.ms:.1f} | {one.mot:.3f} | {one.held_out:.3f} | {one.score:.2f} | {one.recall:.2f} | "
            f"{one.precision:.2f} | {one.empty:.0f} |"
        )
    return "\n".join(lines)
