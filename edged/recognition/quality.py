"""Whether a face is good enough to be recognised by, and why it is not."""

from dataclasses import dataclass

import cv2
import numpy as np

from edged.recognition.alignment import Floats, Picture
from edged.recognition.finding import Found

# The variance of the Laplacian of an aligned face: portraits have 500 to 2900, the same blurred by 2 pixels 10 to 20, people ten steps away 20 to 60.
_BLURRED, _SHARP = 8.0, 120.0
_LARGE = 112  # pixels; more is nothing gained by the networks there are
_AHEAD, _AWAY = 0.20, 0.55  # how far the nose is from the middle between the eyes, in distances of the eyes
_LEVEL, _TILTED = 0.15, 0.35  # how far the nose is from its usual height between eyes and mouth, in that distance
_NOSE = 0.56
_UNKNOWN_POSE = 0.7  # of a face whose points are guessed


@dataclass(frozen=True)
class Quality:
    """`value` is 0 to 1; `reason` is empty for a face that somebody may be recognised by."""

    value: float
    reason: str


def judge(face: Found, aligned: Picture, min_height: int, least: float) -> Quality:
    """`aligned` is the face as `alignment.aligned` gives it. At least `min_height` pixels high, and of a quality of `least`."""
    size = _share(face.height, min_height / 2, _LARGE)
    sharp = _share(float(np.log(sharpness(aligned))), float(np.log(_BLURRED)), float(np.log(_SHARP)))
    pose = _UNKNOWN_POSE if face.guessed else _pose(face.points)
    value = round(float((size * sharp * pose) ** (1 / 3)), 3)
    if face.height < min_height:
        reason = f"too small: {face.height:.0f} pixels high, {min_height} are needed; come nearer"
    elif value >= least:
        reason = ""
    else:
        reason = "too blurred: hold still, or give it more light" if sharp < pose else "turned away: look at the camera"
    return Quality(value, reason)


def sharpness(aligned: Picture) -> float:
    """The variance of the Laplacian, plus one; measured on the face itself, without what stands around it."""
    height, width = aligned.shape[:2]
    inner = aligned[height // 8 : height - height // 8, width // 8 : width - width // 8]
    return 1.0 + float(cv2.Laplacian(cv2.cvtColor(inner, cv2.COLOR_BGR2GRAY), cv2.CV_32F).var())


def _pose(points: Floats) -> float:
    """1 for a face that looks ahead, 0 for a profile. How it is rotated in the picture does not matter."""
    right, left, nose, mouth_right, mouth_left = points
    eyes, mouth, across = (right + left) / 2, (mouth_right + mouth_left) / 2, left - right
    distance = max(float(np.linalg.norm(across)), 1e-3)
    across = across / distance
    down = np.array([-across[1], across[0]])
    length = float((mouth - eyes) @ down)
    if length < 0.3 * distance:  # seen from far above or below, or no face
        return 0.0
    aside = abs(float((nose - eyes) @ across)) / distance
    tilt = abs(float((nose - eyes) @ down) / length - _NOSE)
    return _share(aside, _AWAY, _AHEAD) * _share(tilt, _TILTED, _LEVEL)


def _share(value: float, worst: float, best: float) -> float:
    return min(1.0, max(0.0, (value - worst) / (best - worst)))
