"""Faces turned, scaled and shifted so that eyes, nose and mouth lie where a network learnt them."""

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Picture = NDArray[np.uint8]

# Eyes, nose, corners of the mouth in 112 x 112 pixels, as ArcFace made customary: https://arxiv.org/abs/1801.07698
_SIZE = 112
TEMPLATE: Floats = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float32
)
_COARSE = 0.5  # below it neighbours are averaged first: a bilinear sample would skip pixels


def similarity(points: Floats, onto: Floats) -> Floats:
    """(2, 3): the turn, scale and shift that bring `points` (N, 2) nearest to `onto`, never a reflection.

    Umeyama, IEEE PAMI 13(4), 1991. ValueError for points that are all one.
    """
    middle, target = points.mean(axis=0), onto.mean(axis=0)
    here, there = (points - middle).astype(np.float64), (onto - target).astype(np.float64)
    spread = float((here**2).sum())
    if spread < 1e-6:
        raise ValueError("the points of a face are all one")
    u, sizes, vt = np.linalg.svd(there.T @ here)
    signs = np.array([1.0, np.sign(np.linalg.det(u @ vt))])
    turn = u @ np.diag(signs) @ vt
    linear = float((sizes * signs).sum()) / spread * turn
    return np.hstack([linear, (target - linear @ middle)[:, None]]).astype(np.float32)


def aligned(bgr: Picture, points: Floats, width: int, height: int) -> Picture:
    """The face with these five points (5, 2), in pixels of `bgr`, in `width` x `height`."""
    wanted = TEMPLATE * np.array([width / _SIZE, height / _SIZE], np.float32)
    matrix = similarity(points, wanted)
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < _COARSE:
        bgr, points = _around(bgr, points)
        ratio = max(2 * scale, 2 / min(bgr.shape[:2]))
        bgr = np.asarray(cv2.resize(bgr, None, fx=ratio, fy=ratio, interpolation=cv2.INTER_AREA), np.uint8)
        matrix = similarity(points * np.float32(ratio), wanted)
    turned = cv2.warpAffine(bgr, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(turned, np.uint8)


def _around(bgr: Picture, points: Floats) -> tuple[Picture, Floats]:
    """What the face takes up, so that no more is averaged than is wanted."""
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    room = 2 * max(right - left, bottom - top)
    x, y = max(0, int(left - room)), max(0, int(top - room))
    cut = bgr[y : max(y + 2, int(bottom + room)), x : max(x + 2, int(right + room))]
    return cut, points - np.array([x, y], np.float32)
