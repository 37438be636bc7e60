"""YuNet's outputs -> faces with five points each. Wu and others, Machine Intelligence Research 2023."""

from collections.abc import Sequence

import numpy as np

from edged.vision.detections import Floats
from edged.vision.tensors import Tensor

STRIDES = (8, 16, 32)


def decode(outputs: Sequence[Tensor], min_score: float, size: tuple[int, int]) -> tuple[Floats, Floats, Floats]:
    """(boxes (N, 4) as x1, y1, x2, y2, scores (N,), points (N, 5, 2): eyes, nose, corners of the mouth, the person's right first).

    Of `cls_`, `obj_`, `bbox_` and `kps_` for each stride; in pixels of an input of `size`, not suppressed yet. ValueError for other outputs.
    """
    named = {output.name.partition(":")[0]: output for output in outputs}
    missing = [f"{part}_{stride}" for part in ("cls", "obj", "bbox", "kps") for stride in STRIDES]
    if any(name not in named for name in missing):
        raise ValueError(f"no outputs {', '.join(name for name in missing if name not in named)}")
    parts = [_map(named, stride, min_score, size) for stride in STRIDES]
    boxes, scores, points = (np.concatenate(part) for part in zip(*parts, strict=True))
    return boxes, scores, points


def _map(
    named: dict[str, Tensor], stride: int, min_score: float, size: tuple[int, int]
) -> tuple[Floats, Floats, Floats]:
    face, there, box, points = (named[f"{part}_{stride}"] for part in ("cls", "obj", "bbox", "kps"))
    columns = size[0] // stride
    if face.values.size != columns * (size[1] // stride):
        raise ValueError(f"{face.values.size} cells of {stride} pixels in {size}")
    chance = np.clip(face.real(face.values.ravel()), 0, 1) * np.clip(there.real(there.values.ravel()), 0, 1)
    found = np.flatnonzero(chance >= min_score**2)  # the score is their geometric mean
    row, column = np.divmod(found, columns)
    cell = np.stack([column, row], axis=1).astype(np.float32)
    dx_dy_size = box.real(box.values.reshape(-1, 4)[found])
    middle, half = (cell + dx_dy_size[:, :2]) * stride, np.exp(np.minimum(dx_dy_size[:, 2:], 10)) * stride / 2
    places = (points.real(points.values.reshape(-1, 5, 2)[found]) + cell[:, None]) * stride
    corners = np.hstack([middle - half, middle + half])
    return corners.astype(np.float32), np.sqrt(chance[found]).astype(np.float32), places.astype(np.float32)
