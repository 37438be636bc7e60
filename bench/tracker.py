"""How well and how fast the tracker tracks: `python -m bench.tracker`. Prints a table, then the same as one line of JSON.

Ground truth is read from EDGED_TEST_DATA (default ../shared/data); without it only the speed is measured.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from bench import mot
from edged.config import Tracking
from edged.vision.detections import Found
from edged.vision.tracker import Tracker

DATA = Path(os.environ.get("EDGED_TEST_DATA", Path(__file__).parents[2] / "shared" / "data")) / "mot"
ONE_CLASS = np.zeros(1, np.int32)


@dataclass(frozen=True, slots=True)
class Sequence:
    """`found` and `truth` by frame number; the frames of `truth` are those that count."""

    name: str
    width: int
    height: int
    fps: float
    found: dict[int, Found]
    truth: mot.Frames


def tud_campus() -> Sequence:
    folder = DATA / "TUD-Campus"
    truth = mot.frames(mot.lines(folder / "gt.txt"))
    return Sequence("TUD-Campus", 640, 480, 25.0, _found(mot.lines(folder / "det.txt"), 640, 480, max(truth)), truth)


def mot17_mini() -> Iterator[Sequence]:
    for folder in sorted((DATA / "MOT17-mini" / "train").iterdir()):
        info = dict(line.split("=") for line in (folder / "seqinfo.ini").read_text().splitlines() if "=" in line)
        width, height = int(info["imWidth"]), int(info["imHeight"])
        rows = mot.lines(folder / "gt" / "gt.txt")
        truth = mot.frames(rows[(rows[:, 6] == 1) & (rows[:, 7] == mot.PEDESTRIAN)])
        found = _found(mot.lines(folder / "det" / "det.txt"), width, height, max(truth))
        yield Sequence(info["name"], width, height, float(info["frameRate"]), found, truth)


def quality(sequence: Sequence, settings: Tracking, every: int = 1) -> mot.Scores:
    """Scores on every `every`-th frame of `sequence`, as if the camera ran that much slower."""
    tracker = Tracker(settings, sequence.width / sequence.height, ONE_CLASS)
    size = np.array([sequence.width, sequence.height] * 2)
    tracked = {}
    for frame in sorted(sequence.found)[::every]:
        tracks = tracker.update(sequence.found[frame], frame / sequence.fps).tracks
        where = np.array([track.box for track in tracks]).reshape(-1, 4) * size
        tracked[frame] = ([track.id for track in tracks], where)
    return mot.score({frame: sequence.truth[frame] for frame in tracked if frame in sequence.truth}, tracked)


def together(scores: list[mot.Scores]) -> mot.Scores:
    """Weighted by the objects of each sequence."""
    objects = sum(one.objects for one in scores)
    return mot.Scores(
        mota=sum(one.mota * one.objects for one in scores) / objects,
        idf1=sum(one.idf1 * one.objects for one in scores) / objects,
        switches=sum(one.switches for one in scores),
        misses=sum(one.misses for one in scores),
        false_alarms=sum(one.false_alarms for one in scores),
        objects=objects,
    )


def updates_per_second(objects: int = 20, frames: int = 1000) -> float:
    """`objects` wander through the picture at 25 frames a second; some meet, some score low, some are missed. Per second of CPU."""
    random = np.random.default_rng(1)
    centres = random.uniform(0.1, 0.9, (objects, 2))
    speeds = random.normal(0.0, 0.05, (objects, 2))
    half = np.array([0.03, 0.08])
    pictures = []
    for frame in range(frames):
        seen = random.random(objects) > 0.03
        bounced = 1.0 - np.abs((centres + speeds * frame / 25.0) % 2.0 - 1.0)
        where = (bounced + random.normal(0.0, 0.002, (objects, 2)))[seen]
        corners = np.concatenate([where - half, where + half], axis=1)
        scores = random.uniform(0.4, 0.95, objects)[seen].astype(np.float32)
        pictures.append(Found(corners.astype(np.float32), scores, np.zeros(len(scores), np.int32)))
    tracker = Tracker(Tracking(), 16 / 9, ONE_CLASS)
    begun = time.thread_time()
    for frame, picture in enumerate(pictures):
        tracker.update(picture, frame / 25.0)
    return frames / (time.thread_time() - begun)


def _found(rows: np.ndarray, width: int, height: int, last: int) -> dict[int, Found]:
    found = {}
    for frame in range(1, last + 1):
        some = rows[rows[:, 0] == frame]
        fractions = (mot.boxes(some) / [width, height, width, height]).astype(np.float32)
        found[frame] = Found(fractions, some[:, 6].astype(np.float32), np.zeros(len(some), np.int32))
    return found


def main() -> None:
    measured = {}
    if DATA.is_dir():
        campus = tud_campus()
        for every in (1, 2, 5):
            measured[f"TUD-Campus at {campus.fps / every:g} fps"] = quality(campus, Tracking(), every)
        measured["MOT17-mini, 7 sequences"] = together([quality(one, Tracking()) for one in mot17_mini()])
    else:
        print(f"no ground truth: {DATA} is not there; set EDGED_TEST_DATA")
    speed = updates_per_second()
    print(f"{'':28}{'MOTA':>7}{'IDF1':>7}{'switches':>10}{'misses':>8}{'false':>7}{'objects':>9}")
    for name, one in measured.items():
        print(
            f"{name:28}{one.mota:7.3f}{one.idf1:7.3f}{one.switches:10}{one.misses:8}{one.false_alarms:7}{one.objects:9}"
        )
    print(f"{speed:.0f} updates/s with 20 objects, one thread")
    print(msgspec.json.encode({"quality": measured, "updates_per_second": round(speed)}).decode())


if __name__ == "__main__":
    main()
