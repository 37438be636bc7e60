"""The table of a detector, looked at as the daemon looks: through its card, from YUV planes."""

import asyncio
import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edged import config
from edged.camera import stills
from edged.camera.frames import Frame
from edged.vision import choice, loading
from edged.vision.detector import Detector, open_detector
from edged.vision.planes import Canvas
from models.train import scores, truths
from models.train.pictures import Boxes, Pixels

LEAST = 0.05
TIMED = 1.5  # seconds
THREADS = 2


class Seen(NamedTuple):
    """Of one picture: who is in it, what was found (N, 4) in its pixels with which scores (N,), and its height."""

    name: str
    truth: Boxes
    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]
    height: int

    def judged(self, min_height: float = 0.0) -> scores.Judged:
        """Boxes lower than this share of the picture left out."""
        tall = self.boxes[:, 3] - self.boxes[:, 1] >= min_height * self.height
        return scores.judge(self.truth, self.boxes[tall], self.scores[tall])

    def best(self, min_height: float = 0.0) -> float:
        """The highest score; 0 where nothing was found."""
        tall = self.boxes[:, 3] - self.boxes[:, 1] >= min_height * self.height
        return float(self.scores[tall].max(initial=0.0))


@dataclass(frozen=True)
class Looks:
    """What a detector made of everything it is measured on. `street` and `one_by_one` are empty where there is none."""

    model: str
    score: float
    street: Sequence[Seen]
    mot: Sequence[Seen]
    held_out: Sequence[Seen]
    in_full: Sequence[Seen]
    nobody: Sequence[Seen]


@dataclass(frozen=True)
class Row:
    """`street`, `mot` and `held_out` are average precisions; `empty` is false alarms in 100 pictures without people, `in_full` the share of frames
    of one-by-one with somebody in full view in which somebody is found, all at `score`. `megabytes` is the file's size, `ms` an inference's time."""

    model: str
    megabytes: float
    ms: float
    street: float | None
    mot: float
    held_out: float
    score: float
    recall: float
    precision: float
    empty: float
    in_full: float | None
    nobody: float | None


async def row(
    model: str, folder: Path, data: Path, pictures: Path, score: float | None, street: tuple[Path, Path] | None = None
) -> Row:
    """Measures the model of this card. Raises ModelError when it can't be run."""
    chosen = choice.at_hand(config.Detector(model=model), folder).model
    ms = milliseconds(model, folder, next(iter(truths.mot(data / "mot"))).pixels)
    found = await looks(model, folder, data, pictures, street)
    at = found.score if score is None else score
    held_out = [seen.judged() for seen in found.held_out]
    return Row(
        model, chosen.file.stat().st_size / 1e6 if chosen.file else 0.0, ms,
        precision_of(found.street), precision_of(found.mot) or 0.0, precision_of(found.held_out) or 0.0, at,
        *scores.recall_and_precision(held_out, at), scores.false_alarms(held_out, at),
        share(found.in_full, at), share(found.nobody, at),
    )  # fmt: skip


async def looks(model: str, folder: Path, data: Path, pictures: Path, street: tuple[Path, Path] | None = None) -> Looks:
    """Lets the model look at everything. `street` is a clip and its MOTChallenge file."""
    async with open_detector(config.Detector(model=model, pull=False, threads=1), folder) as detector:
        full, nobody = truths.one_by_one(data)
        return Looks(
            detector.name, detector.score, await seen(detector, truths.street(*street)) if street else [],
            await seen(detector, truths.mot(data / "mot")), await seen(detector, truths.held_out(pictures)),
            await seen(detector, full), await seen(detector, nobody),
        )  # fmt: skip


async def seen(detector: Detector, known: Iterable[truths.Truth]) -> list[Seen]:
    person, found = detector.labels.index("person"), []
    for truth in known:
        picture = await asyncio.to_thread(frame, truth.pixels)
        made, _ = await detector.detect(picture, LEAST)
        people = made.classes == person
        boxes = made.boxes[people].astype(np.float64) * (picture.width, picture.height, picture.width, picture.height)
        found.append(Seen(truth.name, truth.boxes, boxes, made.scores[people].astype(np.float64), picture.height))
    return found


def frame(pixels: Pixels) -> Frame:
    """As a camera would give it: sides are even."""
    height, width = pixels.shape[0] // 2 * 2, pixels.shape[1] // 2 * 2
    return stills.frame(np.ascontiguousarray(pixels[:height, :width]))


def milliseconds(model: str, folder: Path, pixels: Pixels) -> float:
    """Of one inference by THREADS threads of one network, the median."""
    settings = config.Detector(model=model, pull=False, threads=THREADS)
    chosen = choice.at_hand(settings, folder).model
    engine = loading.load(chosen.card, chosen.file, settings)
    tensor, _ = Canvas(chosen.card.input, engine.input).draw(frame(pixels))
    times: list[float] = []
    end = time.perf_counter() + TIMED
    while len(times) < 10 or time.perf_counter() < end:
        begun = time.perf_counter()
        engine.run(tensor)
        times.append(1000 * (time.perf_counter() - begun))
    return statistics.median(times[3:])


def precision_of(pictures: Sequence[Seen]) -> float | None:
    """Average precision; None without pictures."""
    return scores.average_precision([one.judged() for one in pictures]) if pictures else None


def share(pictures: Sequence[Seen], score: float, min_height: float = 0.0) -> float | None:
    """Of the pictures in which something was found; None without pictures."""
    return sum(one.best(min_height) >= score for one in pictures) / len(pictures) if pictures else None


def table(rows: Sequence[Row]) -> str:
    """Markdown. Street is left out where nothing was measured on it."""
    street = any(one.street is not None for one in rows)
    heads = ["model", "size", "ms", *(["street AP"] if street else []), "MOT AP", "val AP", "at score", "empty", "recall", "precision",
             "one-by-one in full", "… nobody"]  # fmt: skip
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for one in rows:
        cells = [one.model, f"{one.megabytes:.1f} MB", f"{one.ms:.1f}", *([_text(one.street, ".3f")] if street else []), f"{one.mot:.3f}",
                 f"{one.held_out:.3f}", f"{one.score:.2f}", f"{one.empty:.0f}", f"{one.recall:.2f}", f"{one.precision:.2f}",
                 _text(one.in_full, ".1%"), _text(one.nobody, ".1%")]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(
        lines
        if street
        else [*lines, "", "street AP: no truth here; --street CLIP TRUTH names a clip and its MOTChallenge file"]
    )


def _text(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)
