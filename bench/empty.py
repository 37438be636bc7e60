"""`python -m bench.empty CLIP…`: how many people the daemon sees where nobody is.

Each clip is a camera of a real `edged run`, in real time, looped until all together have shown --minutes; what counts are the tracks it publishes.
Without clips: of the test data those that show nobody. --pictures adds the held-out training pictures without people, each for some seconds, as one more clip.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
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


async def tracks(home: Path, model: str, models: Path, clips: dict[str, Path], seconds: float) -> Counter[str]:
    """Tracks of people that a daemon publishes for each camera, all of which it watches for so long."""
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
            await asyncio.sleep(seconds)
            while len(heard):
                said = (await heard.get()).data
                if b'"track_started"' in said and (started := _started.decode(said)).label == "person":
                    found[started.camera] += 1
    finally:
        await daemon.stop(signal.SIGKILL)
    return found


async def compared(model: str, models: Path, clips: list[Path], minutes: float, home: Path) -> int:
    """Prints a table; the number of tracks in all."""
    seconds, total = 60 * minutes / len(clips), 0
    print(f"{model}: {len(clips)} clips, {seconds:.0f} s of each\n\n| clip | tracks of people |\n|---|---|")
    for first in range(0, len(clips), TOGETHER):
        some = {f"c{number}": clip for number, clip in enumerate(clips[first : first + TOGETHER])}
        found = await tracks(home / f"{model}-{first}", model, models, some, seconds)
        for name, clip in some.items():
            print(f"| {clip.name} | {found[name]} |", flush=True)
        total += found.total()
    print(f"| **all, {minutes:g} minutes** | **{total}** |")
    return total


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
        clips = wanted.clips or [data / "clips" / "car-detection.mp4"]
        if wanted.pictures:
            from models.train.pictures import read

            empty = (one.pixels() for one in read(wanted.pictures) if one.held_out and one.empty)
            clips = [*clips, slides(empty, Path(folder) / "pictures.mp4")]
        if missing := [clip for clip in clips if not clip.is_file()]:
            parser.error(f"there is no {missing[0]}")
        found = asyncio.run(compared(wanted.model, wanted.models_dir, clips, wanted.minutes, Path(folder)))
    return 1 if found > 1 else 0


if __name__ == "__main__":
    sys.exit(main())
