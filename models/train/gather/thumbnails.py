"""Pictures that are one and the same, found by grey thumbnails: the correlation of two, as they are and mirrored."""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.train.pictures import Pixels

SIZE = (32, 24)
Vectors = NDArray[np.float32]


def thumbnail(pixels: Pixels) -> bytes:
    """SIZE grey values."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY) if pixels.ndim == 3 else pixels
    return cv2.resize(grey, SIZE, interpolation=cv2.INTER_AREA).tobytes()


class Thumbnails:
    """Those of some pictures, by name. `alike` is from which correlation on two are the same."""

    def __init__(self, alike: float) -> None:
        self._alike = alike
        self._names: list[str] = []
        self._vectors: Vectors = np.empty((256, SIZE[0] * SIZE[1]), np.float32)

    def __len__(self) -> int:
        return len(self._names)

    def add(self, name: str, thumbnail: bytes) -> None:
        if len(self) == len(self._vectors):
            self._vectors = np.concatenate(
                [self._vectors, np.empty((max(256, len(self)), SIZE[0] * SIZE[1]), np.float32)]
            )
        self._vectors[len(self)] = _vector(thumbnail)
        self._names.append(name)

    def twin(self, thumbnail: bytes) -> str | None:
        """Which of them is the same picture, the likest if there are several."""
        if not self._names:
            return None
        vector = _vector(thumbnail)
        mirrored = vector.reshape(SIZE[::-1])[:, ::-1].ravel()
        alike = (self._vectors[: len(self)] @ np.stack([vector, mirrored], axis=1)).max(axis=1)
        best = int(alike.argmax())
        return self._names[best] if alike[best] >= self._alike else None


def _vector(thumbnail: bytes) -> Vectors:
    """Of length 1 about a mean of 0: a product of two is their correlation."""
    values = np.frombuffer(thumbnail, np.uint8).astype(np.float32)
    values -= values.mean()
    vector: Vectors = values / max(float(np.linalg.norm(values)), 1e-6)
    return vector
