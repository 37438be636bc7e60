"""How often lines count wrong: `python -m bench.crossings`. Every kind of sequence, held against an oracle written from docs/crossings.md.

The LineZone of `supervision` counts the same boxes: with the line's own anchor, and as it comes (all four corners of the box).
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import supervision as sv

from bench.walks import ASPECT, KINDS, Walk, updates, walk
from edged.scene.lines import Lines
from edged.scene.stitching import Walkers
from edged.vision.tracker import Update
from tests.scene import oracle

SEEDS = 500
PIXELS = 1080.0
Counts = Counter[str]
Looks = list[tuple[float, Update]]
ANCHORS = {
    "bottom_center": sv.Position.BOTTOM_CENTER,
    "center": sv.Position.CENTER,
    "top_center": sv.Position.TOP_CENTER,
}


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


def supervision(sequence: Walk, looks: Looks, anchors: tuple[sv.Position, ...] | None) -> Counts:
    """One zone per segment; their sums."""
    (line,) = sequence.lines
    more = {"triggering_anchors": anchors} if anchors else {}
    corners = [sv.Point(x * ASPECT * PIXELS, y * PIXELS) for x, y in line.points]
    zones = [sv.LineZone(start=a, end=b, **more) for a, b in zip(corners, corners[1:], strict=False)]
    for _, update in looks:
        boxes = np.array([tracked.box for tracked in update.tracks]).reshape(-1, 4)
        seen = sv.Detections(
            xyxy=boxes * np.array([ASPECT, 1.0, ASPECT, 1.0]) * PIXELS,
            class_id=np.zeros(len(boxes), int),
            tracker_id=np.array([tracked.id for tracked in update.tracks], int),
        )
        for zone in zones:
            zone.trigger(seen)
    forth, back = sum(zone.in_count for zone in zones), sum(zone.out_count for zone in zones)
    # it says `out` of who passes from the line's left to its right
    return Counter(dict(zip(("in", "out"), (forth, back) if line.reversed else (back, forth), strict=True)))


def count(kind: str, seeds: range, contestants: dict[str, Callable[[Walk, Looks], Counts]]) -> Tally:
    tally = Tally()
    for seed in seeds:
        sequence, random = walk(kind, seed)
        looks = list(updates(sequence, random))
        right = truth(sequence)
        tally.sequences += 1
        tally.people += len(sequence.people)
        for name, contestant in contestants.items():
            tally.wrong[name] += contestant(sequence, looks) != right
    return tally


def microseconds(tracks: int, lines: int, looks: int = 200) -> float:
    """For one track and line, in a busy scene."""
    one, random = walk("straight", 1)
    people = [
        updates(walk("cross and return", seed)[0], random) for seed in range(tracks)
    ]
    shapes = [walk("polyline", seed)[0].lines[0] for seed in range(lines)]
    rounds = [[next(person, None) for person in people] for _ in range(looks)]
    walkers, counted = Walkers(ASPECT), Lines(("person",), {}, ASPECT)
    counted.use([type(shape)(id=f"line{n}", points=shape.points) for n, shape in enumerate(shapes)])
    spent, told = 0.0, 0
    for number, seen in enumerate(rounds):
        update = _together([look[1] for look in seen if look])
        told += len(update.tracks)
        begun = time.thread_time()
        for step in walkers.see(update, number / one.fps):
            counted.step(step)
        spent += time.thread_time() - begun
    return spent / (told * lines) * 1e6


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.crossings", description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"sequences of each kind ({SEEDS})")
    parser.add_argument("--only", metavar="KIND", action="append", choices=KINDS)
    wanted = parser.parse_args()
    contestants: dict[str, Callable[[Walk, Looks], Counts]] = {
        "edged": ours,
        f"supervision {sv.__version__}, same anchor": lambda sequence, looks: supervision(
            sequence, looks, (ANCHORS[sequence.lines[0].anchor],)
        ),
        "as it comes": lambda sequence, looks: supervision(sequence, looks, None),
    }
    print(f"{'sequences counted wrong':34}{'of':>7}" + "".join(f"  {name}" for name in contestants))
    total = Tally()
    for kind in wanted.only or KINDS:
        tally = count(kind, range(wanted.seeds), contestants)
        _print(kind, tally, contestants)
        total.sequences += tally.sequences
        total.wrong += tally.wrong
    _print("all", total, contestants)
    for tracks, lines in ((1, 1), (20, 1), (20, 8)):
        print(f"{microseconds(tracks, lines):.2f} µs per track and line, {tracks} tracks, {lines} lines")
    return 1 if total.wrong["edged"] else 0


def _print(name: str, tally: Tally, contestants: dict[str, Callable[[Walk, Looks], Counts]]) -> None:
    cells = "".join(f"  {tally.wrong[one]:>{len(one)}}" for one in contestants)
    print(f"{name:34}{tally.sequences:7}{cells}", flush=True)


def _together(parts: list[Update]) -> Update:
    """Updates of several people as one; their ids are told apart."""
    tracks, started, births = [], [], []
    for number, part in enumerate(parts):
        other = {tracked.id: type(tracked)(number * 100 + tracked.id, *_rest(tracked)) for tracked in part.tracks}
        tracks += other.values()
        started += [other[tracked.id] for tracked in part.started]
        births += part.births
    return Update(tuple(tracks), tuple(started), (), tuple(births))


def _rest(tracked: object) -> list[object]:
    return [getattr(tracked, name) for name in ("label", "score", "box", "first_seen", "last_seen")]


if __name__ == "__main__":
    sys.exit(main())
