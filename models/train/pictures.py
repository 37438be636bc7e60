"""The training pictures and what is known of them, as `labels.json` of the data folder says."""

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

PERSON, DOUBTFUL = 1, 2

Boxes = NDArray[np.float32]  # (N, 5): x1, y1, x2, y2 in pixels, then PERSON or DOUBTFUL
Pixels = NDArray[np.uint8]  # (height, width, 3), BGR


@dataclass(frozen=True)
class Picture:
    """`aspects`: by how much the picture may have been squeezed in its width before it came here, which is not always known."""

    path: Path
    collection: str
    tier: str
    held_out: bool
    boxes: Boxes

    square: bool = False

    @property
    def aspects(self) -> tuple[float, ...]:
        if self.collection == "capston":  # squeezed to a square and stored at 4:3, which was a guess
            return (0.75, 1, 1, 1, 1.33)
        return (1, 1.33, 1.33, 1.78) if self.square else (1,)

    @property
    def empty(self) -> bool:
        return not len(self.boxes)

    @property
    def people(self) -> Boxes:
        return self.boxes[self.boxes[:, 4] == PERSON]

    def pixels(self) -> Pixels:
        """Raises OSError when the file is none that OpenCV reads."""
        found = cv2.imread(str(self.path))
        if found is None:
            raise OSError(f"{self.path} is no picture, or is damaged: fetch the data folder again")
        return found


def read(folder: Path, tiers: str = "ABC") -> list[Picture]:
    """All pictures of these tiers that may be learned from or measured by. Raises OSError without the folder."""
    listed = json.loads((folder / "labels.json").read_text())
    return [_picture(folder, entry) for entry in listed if entry["tier"] in tiers and not entry.get("unlabelled")]


def _picture(folder: Path, entry: dict) -> Picture:
    boxes = np.array([box[:5] for box in entry["boxes"]], np.float32).reshape(-1, 5)
    path, square = folder / "images" / entry["image"], entry["w"] == entry["h"]
    return Picture(path, entry["set"], entry["tier"], bool(entry.get("val")), boxes, square)
