"""Where a box will be: a constant-velocity Kalman filter over continuous time, for all tracks in one array.

A belief is float64 (N, 5, 4). The last axis is centre x, centre y, width, height, in picture heights, so that a step sideways and a step
down weigh the same. The middle axis is value, speed per second, and the variances: value, value with speed, speed.
The four coordinates of a box are independent here as in SORT (arXiv 1602.00763) and ByteTrack, so a filter is scalar arithmetic
without any matrix inverse. Time is in seconds (white-noise acceleration), so 25 and 3 pictures a second track alike, and a belief
is kept as of the last box seen: a gap of any length is one prediction, and closing it re-estimates the speed from both ends of the
gap, which is what OC-SORT (arXiv 2203.14360) adds to a filter that runs frame by frame.
"""

import numpy as np
from numpy.typing import NDArray

Belief = NDArray[np.float64]
Boxes = NDArray[np.float64]

VALUE, SPEED, VALUE_VAR, COVAR, SPEED_VAR = range(5)

# In box heights: a detector misplaces an edge by about a twentieth (the value SORT's successors use). A walker covers 0.8 of his
# own height in a second and can start or stop within one; sizes change about a quarter as fast.
_ERROR = 0.05
_FIRST_SPEED = np.array([1.0, 0.5, 0.25, 0.25])
_RESTLESS = np.array([1.0, 0.5, 0.25, 0.25])
_SIZE_RATIO = 3.0  # a guess about a gap must not make a size vanish or explode


def born(boxes: Boxes) -> Belief:
    """Beliefs after a first look at `boxes` (N, 4): the speed is anybody's guess."""
    belief = np.zeros((len(boxes), 5, 4))
    scale = _scale(boxes)
    belief[:, VALUE] = boxes
    belief[:, VALUE_VAR] = (_ERROR * scale) ** 2
    belief[:, SPEED_VAR] = (_FIRST_SPEED * scale) ** 2
    return belief


def predict(belief: Belief, seconds: NDArray[np.float64]) -> Belief:
    """The beliefs `seconds` (N,) later."""
    later = belief.copy()
    dt = seconds[:, None]
    unrest = (_RESTLESS * _scale(belief[:, VALUE])) ** 2 * dt
    later[:, VALUE] += dt * belief[:, SPEED]
    size = belief[:, VALUE, 2:]
    later[:, VALUE, 2:] = np.clip(later[:, VALUE, 2:], size / _SIZE_RATIO, size * _SIZE_RATIO)
    later[:, VALUE_VAR] += dt * (2.0 * belief[:, COVAR] + dt * (belief[:, SPEED_VAR] + unrest / 3.0))
    later[:, COVAR] += dt * (belief[:, SPEED_VAR] + unrest / 2.0)
    later[:, SPEED_VAR] += unrest
    return later


def correct(belief: Belief, boxes: Boxes) -> Belief:
    """The beliefs after `boxes` (N, 4) were measured."""
    better = belief.copy()
    surprise = boxes - belief[:, VALUE]
    total = belief[:, VALUE_VAR] + (_ERROR * _scale(boxes)) ** 2
    gain, speed_gain = belief[:, VALUE_VAR] / total, belief[:, COVAR] / total
    better[:, VALUE] += gain * surprise
    better[:, SPEED] += speed_gain * surprise
    better[:, VALUE_VAR] -= gain * belief[:, VALUE_VAR]
    better[:, COVAR] -= gain * belief[:, COVAR]
    better[:, SPEED_VAR] -= speed_gain * belief[:, COVAR]
    return better


def _scale(boxes: Boxes) -> NDArray[np.float64]:
    """(N, 1): the longer side, so that a car from the side is no smaller than from the front."""
    return np.maximum(boxes[:, 2:3], boxes[:, 3:4])
