"""Hand-counted clips through detector, tracker and lines: `python -m bench.counts edged-person` prints each line's crossings beside those a person saw."""

import argparse
import asyncio
import os
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import av
import msgspec

from edged import config
from edged.labels import Aliases
from edged.messages import LineCrossed
from edged.scene.presence import Moment
from edged.scene.scene import Scene
from edged.subjects import Address
from edged.vision.detector import open_detector
from edged.vision.eyes import Eyes
from tests import frames

CLOSE = 1.5  # seconds between the crossing a person saw and ours
PEOPLE = ("one-by-one-person-detection.mp4", "intel_preview_worker-zone-detection.gif", "vtest.avi")


class Crossing(msgspec.Struct):
    frame: int
    direction: str


class CountedLine(msgspec.Struct):
    name: str
    start: tuple[float, float]
    end: tuple[float, float]
    anchor: config.Anchor
    crossings: list[Crossing]


class Clip(msgspec.Struct):
    fps: float
    size: tuple[int, int]
    lines: list[CountedLine] = []


class Truth(msgspec.Struct):
    clips: dict[str, Clip]


class Crossed(NamedTuple):
    """`at` in seconds since the clip's beginning."""

    line: str
    direction: str
    at: float


def truth(data: Path) -> dict[str, Clip]:
    """What a person counted, by the clip's file name. OSError without counts.json."""
    return msgspec.json.decode((data / "counts.json").read_bytes(), type=Truth).clips


async def counted(
    detector: config.Detector,
    folder: Path,
    clip: Path,
    known: Clip,
    labels: tuple[str, ...],
    aliases: Aliases,
    fps: float = 0.0,
) -> list[Crossed]:
    """Every crossing of the clip's lines. Looks at `fps` frames a second; 0: at every frame."""
    width, height = known.size
    lines = tuple(
        config.Line(
            id=line.name,
            points=tuple((min(1.0, x / (width - 1)), min(1.0, y / (height - 1))) for x, y in (line.start, line.end)),
            anchor=line.anchor,
        )
        for line in known.lines
    )
    settings = config.Camera(id="front", url=str(clip), labels=labels, lines=lines)
    async with open_detector(detector, folder) as opened:
        eyes = Eyes(settings, opened, aliases)
        scene = Scene(Address("home", "edge", "front"), "test", opened.labels, aliases, width / height)
        facts, due = [], 0.0
        with av.open(str(clip)) as container:
            for number, picture in enumerate(container.decode(video=0)):
                if number / known.fps < due:
                    continue
                due += 1 / fps if fps else 0.0
                pts = round(number / known.fps * 90_000)
                frame = replace(frames.of_picture(picture, number), pts=pts)
                if number == 0:
                    eyes.begin(frame)
                look = await eyes.look(frame)
                moment = Moment(pts / 90_000, pts, datetime.now(UTC))
                facts += scene.see(look.update, moment, settings)
        facts += scene.close(moment)
    return [Crossed(one.line, one.direction, one.pts / 90_000) for one in facts if isinstance(one, LineCrossed)]


def wrong(line: CountedLine, fps: float, found: list[Crossed]) -> str:
    """How `found` differs from what a person saw at this line, or nothing: as many, each way, each at its time."""
    seen = [("in" if one.direction == "a_to_b" else "out", one.frame / fps) for one in line.crossings]
    ours = [(one.direction, one.at) for one in found if one.line == line.name]
    if Counter(way for way, _ in ours) != Counter(way for way, _ in seen):
        return f"{_sums(ours)}, and not {_sums(seen)}"
    for way in ("in", "out"):
        times = zip(sorted(at for w, at in ours if w == way), sorted(at for w, at in seen if w == way), strict=True)
        if late := [f"{a:.1f} s for {b:.1f}" for a, b in times if abs(a - b) >= CLOSE]:
            return f"at another time: {', '.join(late)}"
    return ""


def _sums(crossings: list[tuple[str, float]]) -> str:
    sums = Counter(way for way, _ in crossings)
    return f"{sums['in']} in, {sums['out']} out"


async def _print(models: list[str], folder: Path, data: Path, fps: float) -> int:
    from demo import clips

    known, faults = truth(data), 0
    print("| model | clip | line | a person saw | |\n|---|---|---|---|---|")
    for model in models:
        for name in PEOPLE:
            clip = clips.pedestrians() if name == "vtest.avi" else data / "clips" / name
            found = await counted(
                config.Detector(model=model, threads=1), folder, clip, known[name], ("person",), {}, fps
            )
            for line in known[name].lines:
                seen = _sums([("in" if one.direction == "a_to_b" else "out", 0.0) for one in line.crossings])
                fault = wrong(line, known[name].fps, found)
                faults += bool(fault)
                print(f"| {model} | {name} | {line.name} | {seen} | {fault or 'the same'} |", flush=True)
    return 1 if faults else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.counts", description=__doc__)
    data = Path(os.environ.get("EDGED_TEST_DATA", Path(__file__).parents[1] / "../shared/data"))
    parser.add_argument("models", nargs="+", metavar="MODEL")
    parser.add_argument("--data", type=Path, default=data)
    parser.add_argument("--models-dir", type=Path, help="default: models/ of --data")
    parser.add_argument("--fps", type=float, default=10.0)
    wanted = parser.parse_args()
    return asyncio.run(_print(wanted.models, wanted.models_dir or wanted.data / "models", wanted.data, wanted.fps))


if __name__ == "__main__":
    sys.exit(main())
