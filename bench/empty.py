"""`python -m bench.empty CLIP…`: how many people the daemon sees where nobody is.

Each clip is a camera of a real `edged run`, in real time, shown equally often until all together have lasted --minutes; what counts are the tracks it
publishes. --pictures adds the held-out training pictures without people, each for some seconds, as one more clip. Bring clips that nothing was learned from.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import av
import cv2
import msgspec
import numpy as np

from edged import messages as m
from edged.bus.link import connect

TOGETHER = 4  # cameras of one daemon
FPS = 10.0
SHOWN = 5  # seconds of a picture
SIZE = (768, 432)

_started = msgspec.json.Decoder(m.TrackStarted)


def slides(pictures: Iterable[np.ndarray], to: Path) -> Path:
    """A clip that shows each picture (height, width, 3) BGR in turn, letterboxed."""
    with av.open(str(to), "w") as out:
        stream = out.add_stream("libx264", rate=5, options={"preset": "veryfast", "g": "25", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        number = 0
        for picture in pictures:
            scale = min(SIZE[0] / picture.shape[1], SIZE[1] / picture.shape[0])
            small = cv2.resize(picture, None, fx=scale, fy=scale)[: SIZE[1], : SIZE[0]]
            canvas = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
            canvas[: small.shape[0], : small.shape[1]] = small
            for _ in range(5 * SHOWN):
                frame = av.VideoFrame.from_ndarray(canvas, format="bgr24").reformat(format="yuv420p")
                frame.pts, frame.time_base = number, Fraction(1, 5)
                out.mux(stream.encode(frame))
                number += 1
        out.mux(stream.encode(None))
    return to


async def tracks(
    home: Path, model: str, models: Path, clips: dict[str, Path], seconds: dict[str, float]
) -> Counter[str]:
    """Tracks of people that a daemon publishes for each camera in its first seconds."""
    from tests.rigs.daemon import Daemon, camera

    home.mkdir()
    text = f'[detector]\nmodel = "{model}"\nmodels_dir = "{models.resolve()}"\npull = false\n[handlers]\nrun = []\n'
    cameras = (camera(name, clip.resolve(), loop=True, fps=FPS, snapshots=False) for name, clip in clips.items())
    daemon = Daemon(home, text + "".join(cameras))
    await daemon.start()
    found: Counter[str] = Counter()
    try:
        async with (
            connect(await daemon.bus_url(), "bench") as link,
            link.subscribe("edged.v1.*.*.*.track", 10_000) as heard,
        ):
            await asyncio.gather(*(daemon.until_status(name, "running") for name in clips))
            began = datetime.now(UTC)
            await asyncio.sleep(max(seconds[name] for name in clips))
            while len(heard):
                said = (await heard.get()).data
                if b'"track_started"' in said and (started := _started.decode(said)).label == "person":
                    found[started.camera] += (started.time - began).total_seconds() <= seconds[started.camera]
    finally:
        await daemon.stop(signal.SIGKILL)
    return found


async def compared(model: str, models: Path, clips: list[Path], minutes: float, home: Path) -> int:
    """Prints a table; the number of tracks in all."""
    lasting = {clip: length(clip) for clip in clips}
    times = 60 * minutes / sum(lasting.values())
    order, total = sorted(clips, key=lambda clip: -lasting[clip]), 0
    print(f"{model}: {len(clips)} clips, each {times:.1f} times\n\n| clip | s | tracks of people |\n|---|---|---|")
    for first in range(0, len(order), TOGETHER):
        some = {f"c{number}": clip for number, clip in enumerate(order[first : first + TOGETHER])}
        seconds = {name: times * lasting[clip] for name, clip in some.items()}
        found = await tracks(home / f"{model}-{first}", model, models, some, seconds)
        for name, clip in some.items():
            print(f"| {clip.name} | {seconds[name]:.0f} | {found[name]} |", flush=True)
        total += found.total()
    print(f"| **all** | **{60 * minutes:.0f}** | **{total}** |")
    return total


def length(clip: Path) -> float:
    """Seconds. Counted where the file does not say."""
    with av.open(str(clip)) as container:
        if container.duration:
            return float(container.duration) / av.time_base
        stream = container.streams.video[0]
        return sum(1 for _ in container.decode(stream)) / float(stream.average_rate or FPS)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.empty", description=__doc__)
    data = Path(os.environ.get("EDGED_TEST_DATA", Path(__file__).parents[1] / "../shared/data"))
    parser.add_argument("clips", type=Path, nargs="*", metavar="CLIP", help="videos that show nobody")
    parser.add_argument("--model", default="edged-person")
    parser.add_argument("--models-dir", type=Path, default=data / "models")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--pictures", type=Path, help="the training data folder")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="edged-empty-") as folder:
        clips = wanted.clips
        if wanted.pictures:
            from models.train.pictures import read

            empty = (one.pixels() for one in read(wanted.pictures) if one.held_out and one.empty)
            clips = [*clips, slides(empty, Path(folder) / "pictures.mp4")]
        if not clips:
            parser.error("name clips that show nobody, or --pictures")
        if missing := [clip for clip in clips if not clip.is_file()]:
            parser.error(f"there is no {missing[0]}")
        found = asyncio.run(compared(wanted.model, wanted.models_dir, clips, wanted.minutes, Path(folder)))
    return 1 if found > 1 else 0


if __name__ == "__main__":
    sys.exit(main())
