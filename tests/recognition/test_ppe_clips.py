"""The shipped classifier on people that somebody labelled, and the whole way from a clip to verdicts."""

import argparse
import asyncio
import os
import signal
from collections import Counter
from contextlib import aclosing
from pathlib import Path
from typing import NamedTuple

import av
import msgspec
import pytest

from edged import config
from edged import messages as m
from edged.bus.facts import Facts
from edged.bus.link import connect
from edged.camera import jpeg
from edged.commands import models as command
from edged.node.crops import LONGEST, QUALITY, around
from edged.recognition.ppe import ByColour
from edged.vision.detector import Detector, open_detector
from tests import frames
from tests.rigs.daemon import Daemon, camera
from tests.rigs.people import job

NETS = ["yolov8n_full_integer_quant_416.tflite", "yolox_nano.onnx"]
LABELS: dict[int, tuple[str, m.Saw]] = {
    0: ("helmet", "ok"), 2: ("helmet", "missing"), 4: ("vest", "missing"), 7: ("vest", "ok"),
}  # fmt: skip
STALE = 0.1  # of the picture: when somebody bends, the label of his helmet stays a while where it was


class Person(NamedTuple):
    box: tuple[float, float, float, float]
    saw: dict[str, m.Saw]


@pytest.fixture(scope="module")
def data() -> Path:
    folder = Path(os.environ.get("EDGED_TEST_DATA", Path(__file__).parents[2] / "../shared/data"))
    if not (folder / "ppe").is_dir():
        pytest.skip(f"no people in working clothes in {folder}: set EDGED_TEST_DATA")
    return folder


@pytest.fixture(params=NETS)
def models(request: pytest.FixtureRequest, data: Path, tmp_path: Path) -> Path:
    parser = argparse.ArgumentParser()
    command.configure(parser.add_subparsers())
    folder = tmp_path / "models"
    wanted = parser.parse_args(
        ["models", "--dir", str(folder), "add", str(data / "models" / request.param), "--name", "net"]
    )
    assert wanted.run(wanted) == 0
    return folder


async def people(detector: Detector, picture: Path) -> list[Person]:
    """Everybody whom the detector finds, cut out as a node does it and judged as a worker does."""
    with av.open(str(picture)) as container:
        frame = frames.of_picture(next(container.decode(video=0)))
    found, _ = await detector.detect(frame, 0.5)
    persons = []
    for x1, y1, x2, y2 in found.boxes[found.classes == detector.labels.index("person")].tolist():
        box = (x1, y1, x2 - x1, y2 - y1)
        data, area, _ = jpeg.cut(frame, around(box), LONGEST, QUALITY)
        crop = msgspec.structs.replace(job(1), box=box, area=area)
        persons.append(Person((x1, y1, x2, y2), await ByColour().look(crop, data)))
    return persons


def whose(persons: list[Person], x: float, y: float) -> Person | None:
    there = [one for one in persons if one.box[0] <= x <= one.box[2] and one.box[1] - STALE <= y <= one.box[3]]
    return min(there, key=lambda one: abs((one.box[0] + one.box[2]) / 2 - x), default=None)


async def test_nine_labels_of_ten_are_judged_right(models: Path, data: Path) -> None:
    """70 frames of three people, 421 labels."""
    folder = data / "ppe" / "ppe-3-frames"
    judged: Counter[tuple[str, m.Saw, m.Saw | None]] = Counter()
    async with open_detector(config.Detector(model="net"), models) as detector:
        for picture in sorted((folder / "images").glob("*.jpg")):
            persons = await people(detector, picture)
            for line in (folder / "labels" / "ground_truth" / f"{picture.stem}.txt").read_text().splitlines():
                number, x, y, *_ = map(float, line.split())
                item, worn = LABELS[int(number)]
                person = whose(persons, x, y)
                judged[item, worn, person.saw[item] if person else None] += 1
    right = sum(count for (_, worn, saw), count in judged.items() if worn == saw)
    print(dict(judged), right, judged.total())
    assert right >= 0.9 * judged.total()
    assert judged["vest", "ok", "ok"] == 140, "nobody who wears a vest is blamed"


@pytest.mark.parametrize(
    ("clip", "wanted"),
    [
        ("ppe-1.mp4", [("ok", "ok")]),
        ("ppe-3.mp4", [("ok", "missing"), ("ok", "ok"), ("ok", "ok")]),
        ("intel_preview_worker-zone-detection.gif", [("ok", "ok")]),
    ],
)
async def test_from_a_clip_to_the_verdicts_on_those_in_it(
    models: Path, data: Path, tmp_path: Path, clip: str, wanted: list[tuple[m.Saw, m.Saw]]
) -> None:
    seen = await verdicts(tmp_path, models, data / "clips" / clip, len(wanted))
    print(clip, seen)
    assert sorted(seen) == wanted


async def verdicts(home: Path, models: Path, clip: Path, count: int) -> list[tuple[m.Saw, m.Saw]]:
    """(helmet, vest) of the first people judged by a whole daemon."""
    text = camera("front", clip, fps=5.0) + 'ppe = { required = ["helmet", "vest"] }\n'
    detector = f'[detector]\nmodel = "net"\nmodels_dir = "{models}"\npull = false\nthreads = 2\n'
    daemon = Daemon(home, detector + text)
    found: list[tuple[m.Saw, m.Saw]] = []
    await daemon.start()
    try:
        async with (
            connect(await daemon.bus_url(), "test") as link,
            asyncio.timeout(60),
            aclosing(Facts(link).replay("ppe")) as replayed,
        ):
            async for stored in replayed:
                if isinstance(stored.fact, m.PpeChecked):
                    print(stored.fact.track, stored.fact.verdicts)
                    helmet, vest = stored.fact.verdicts
                    found.append((helmet.verdict, vest.verdict))
                if len(found) == count:
                    return found
    finally:
        await daemon.stop(signal.SIGKILL)
    return found
