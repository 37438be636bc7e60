"""What the bench's cameras show; made once, from the demo's pedestrian clip."""

from dataclasses import dataclass
from pathlib import Path

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


def walkway() -> Footage:
    """The pedestrian clip as it is, 768x576 at 10 frames a second, in H.264."""
    clip = MEDIA / "walkway.mp4"
    if not clip.exists():
        with arriving(clip) as part:
            cut(pedestrians(MEDIA), part)
    return Footage("walkway", clip, 10)
