"""Lines held against the oracle of docs/crossings.md on generated sequences; what it costs."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from bench.walks import ASPECT, Walk, updates, walk
from edged.config import Line
from edged.scene.lines import Lines
from edged.scene.stitching import Walkers
from edged.vision.tracker import Tracked, Update
from tests.scene import oracle

Counts = Counter[str]
Looks = list[tuple[float, Update]]
Source = Callable[[Walk, np.random.Generator], Iterable[tuple[float, Update]]]
Contestant = Callable[[Walk, Looks], Counts]


@dataclass
class Tally:
    sequences: int = 0
    people: int = 0
    wrong: Counter[str] = field(default_factory=Counter)


def truth(sequence: Walk) -> Counts:
    counted: Counts = Counter()
    (line,) = sequence.lines
    shape = np.array(line.points) * (ASPECT, 1.0)
    for person in sequence.people:
        way = np.array(person.way)
        counted += oracle.crossings(oracle.Path(way[:, 0], way[:, 1:], person.size), shape, line.reversed)
    return counted


def ours(sequence: Walk, looks: Looks) -> Counts:
    walkers, lines = Walkers(ASPECT), Lines(("person",), {}, ASPECT)
    lines.use(sequence.lines)
    found = []
    for at, update in looks:
        for step in walkers.see(update, at):
            found += lines.step(step)
        for walker in walkers.end(update.ended):
            found += lines.end(walker)
    return Counter(crossing.direction for crossing in found)


def count(kind: str, seeds: Iterable[int], contestants: dict[str, Contestant], source: Source = updates) -> Tally:
    """How often each contestant is wrong, given what `source` tells of the sequences."""
    tally = Tally()
    for seed in seeds:
        sequence, random = walk(kind, seed)
        looks = list(source(sequence, random))
        right = truth(sequence)
        tally.sequences += 1
        tally.people += len(sequence.people)
        for name, contestant in contestants.items():
            tally.wrong[name] += contestant(sequence, looks) != right
    return tally


def microseconds(tracks: int, lines: int, looks: int = 500) -> float:
    """For one track and line: people wander through the whole picture, at ten looks a second."""
    random = np.random.default_rng(1)
    places, speeds = random.random((tracks, 2)), random.normal(0.0, 0.01, (tracks, 2))
    walkers, counted = Walkers(ASPECT), Lines(("person",), {}, ASPECT)
    ends = random.random((lines, 2, 2)).tolist()
    counted.use([Line(id=f"line{number}", points=(tuple(a), tuple(b))) for number, (a, b) in enumerate(ends)])
    spent = 0.0
    for look in range(looks):
        at = look / 10.0
        middles = np.abs((places + look * speeds + 1.0) % 2.0 - 1.0)
        boxes = np.concatenate([middles - (0.02, 0.1), middles + (0.02, 0.1)], axis=1).tolist()
        seen = tuple(Tracked(number, 0, 0.9, tuple(box), 0.0, at) for number, box in enumerate(boxes))
        update = Update(seen, (), ())
        begun = time.thread_time()
        for step in walkers.see(update, at):
            counted.step(step)
        spent += time.thread_time() - begun
    return spent / (looks * tracks * lines) * 1e6
