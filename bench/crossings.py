"""How often lines count wrong: `python -m bench.crossings`. Every kind of sequence, held against an oracle written from docs/crossings.md.

The LineZone of `supervision` counts the same boxes: with the line's own anchor, the same and its threshold of
consecutive looks at 3, and as it comes (all four corners of the box).
"""

import argparse
import itertools
import sys
from collections import Counter
from typing import Any

import numpy as np
import supervision as sv

from bench.counting import Contestant, Counts, Looks, Tally, count, microseconds, ours
from bench.walks import ASPECT, KINDS, Walk, tracked

SEEDS = 550
TRACKED = 100  # seeds of the second table
PIXELS = 1080.0
ANCHORS = {
    "bottom_center": sv.Position.BOTTOM_CENTER,
    "center": sv.Position.CENTER,
    "top_center": sv.Position.TOP_CENTER,
}


def supervision(sequence: Walk, looks: Looks, **more: Any) -> Counts:
    """One zone per segment; their sums."""
    (line,) = sequence.lines
    corners = [sv.Point(x * ASPECT * PIXELS, y * PIXELS) for x, y in line.points]
    zones = [sv.LineZone(start=a, end=b, **more) for a, b in itertools.pairwise(corners)]
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


def anchored(sequence: Walk, looks: Looks, **more: Any) -> Counts:
    return supervision(sequence, looks, triggering_anchors=(ANCHORS[sequence.lines[0].anchor],), **more)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.crossings", description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"sequences of each kind ({SEEDS})")
    parser.add_argument("--only", metavar="KIND", action="append", choices=KINDS)
    wanted = parser.parse_args()
    contestants: dict[str, Contestant] = {
        "edged": ours,
        f"supervision {sv.__version__}, same anchor": anchored,
        "and 3 looks": lambda sequence, looks: anchored(sequence, looks, minimum_crossing_threshold=3),
        "as it comes": supervision,
    }
    print(f"{'sequences counted wrong':34}{'of':>7}" + "".join(f"  {name}" for name in contestants))
    total = Tally()
    for kind in wanted.only or KINDS:
        tally = count(kind, range(wanted.seeds), contestants)
        _print(kind, tally, contestants)
        total.sequences += tally.sequences
        total.wrong += tally.wrong
    _print("all", total, contestants)
    whole = [count(kind, range(min(wanted.seeds, TRACKED)), {"edged": ours}, tracked) for kind in wanted.only or KINDS]
    print("\nthe same boxes without ids, through edged's own tracker:")
    for kind, tally in zip(wanted.only or KINDS, whole, strict=True):
        print(f"{kind:34}{tally.sequences:7}  {tally.wrong['edged']:>5}")
    for tracks, lines in ((1, 1), (20, 1), (20, 8)):
        print(f"{microseconds(tracks, lines):.2f} µs per track and line, {tracks} tracks, {lines} lines")
    return 1 if total.wrong["edged"] else 0


def _print(name: str, tally: Tally, contestants: dict[str, Contestant]) -> None:
    cells = "".join(f"  {tally.wrong[one]:>{len(one)}}" for one in contestants)
    print(f"{name:34}{tally.sequences:7}{cells}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
