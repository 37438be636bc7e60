"""What the bench's cameras show; made once, from the demo's pedestrian clip."""

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from demo.clips import MEDIA, arriving, pedestrians
from demo.cut import View, cut

OURS = Path(__file__).parent / "media"


@dataclass(frozen=True)
class Footage:
    """A clip that loops, and the pace it was filmed at in frames per second."""

    name: str
    clip: Path
    fps: float

    @property
    def interval_ms(self) -> float:
        return 1000 / self.fps


def high_definition() -> Footage:
    """H.264 1080p25 at 4 Mbit/s, 20 s, a keyframe every two seconds: what a camera in use sends."""
    clip = OURS / "walkway-1080p25.mp4"
    if not clip.exists():
        print("Making the 1080p25 clip (once)", flush=True)
        view = View(x=0, y=72, width=768, height=432, scale_to=(1920, 1080))
        with arriving(clip) as part:
            cut(pedestrians(MEDIA), part, view, fps=25, frames=500, bitrate=4_000_000)
    return Footage("1080p25", clip, 25)


def night() -> Footage:
    """H.264 1080p25, 20 s, a keyframe every two seconds: the same place with nobody there, and the noise of a sensor."""
    clip = OURS / "night-1080p25.mp4"
    if not clip.exists():
        print("Making the still 1080p25 clip (once)", flush=True)
        with av.open(str(high_definition().clip)) as container:
            place = next(container.decode(video=0)).to_ndarray(format="yuv420p").astype(np.int16)
        chance = np.random.default_rng(4711)
        # noise of its own for each picture would take a minute to make; eight that take turns are as hard to encode
        noise = chance.normal(0, 1.2, (8, *place.shape)).round().astype(np.int16)
        with arriving(clip) as part, av.open(str(part), "w", format="mp4") as made:
            stream = made.add_stream(
                "libx264", rate=25, options={"preset": "veryfast", "crf": "26", "g": "50", "bf": "0"}
            )
            stream.height, stream.width, stream.pix_fmt = place.shape[0] * 2 // 3, place.shape[1], "yuv420p"
            for number in range(500):
                picture = np.clip(place + noise[number % 8], 0, 255).astype(np.uint8)
                made.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="yuv420p")))
            made.mux(stream.encode(None))
    return Footage("night", clip, 25)


def walkway() -> Footage:
    """The pedestrian clip as it is, 768x576 at 10 frames a second, in H.264."""
    clip = MEDIA / "walkway.mp4"
    if not clip.exists():
        with arriving(clip) as part:
            cut(pedestrians(MEDIA), part)
    return Footage("walkway", clip, 10)
