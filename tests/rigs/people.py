"""Drawn people in working clothes, and jobs about them."""

from datetime import UTC, datetime

import cv2
import numpy as np
from numpy.typing import NDArray

from edged import messages as m

Colour = tuple[int, int, int]  # BGR
SKIN, HAIR, SHIRT, TROUSERS = (120, 150, 200), (25, 30, 40), (120, 90, 70), (80, 50, 40)
YELLOW, WHITE, RED, BLUE = (20, 200, 240), (245, 245, 245), (30, 30, 210), (200, 90, 20)
LIME, ORANGE = (40, 250, 210), (20, 90, 250)
PERSON = (0.2, 0.05, 0.8, 0.97)


def person(
    helmet: Colour | None, vest: Colour | None, height: int = 400, wall: Colour = (140, 150, 150)
) -> NDArray[np.uint8]:
    """A crop (height, height / 2, 3) in which somebody stands who fills PERSON."""
    crop = np.full((height, height // 2, 3), wall, np.uint8)
    unit = height / 100

    def at(x: float, y: float) -> tuple[int, int]:
        return round((25 + x) * unit), round(y * unit)

    cv2.rectangle(crop, at(-8, 52), at(8, 97), TROUSERS, -1)
    cv2.rectangle(crop, at(-14, 23), at(14, 55), SHIRT, -1)
    if vest:
        cv2.rectangle(crop, at(-10, 23), at(10, 53), vest, -1)
        cv2.rectangle(crop, at(-10, 40), at(10, 43), (200, 200, 200), -1)
    cv2.ellipse(crop, at(0, 14), (round(6 * unit), round(8 * unit)), 0, 0, 360, SKIN, -1)
    cv2.ellipse(crop, at(0, 12), (round(7 * unit), round(7 * unit)), 0, 180, 360, helmet or HAIR, -1)
    cv2.GaussianBlur(crop, (3, 3), 0, dst=crop)
    return crop


def jpeg(crop: NDArray[np.uint8]) -> bytes:
    return cv2.imencode(".jpg", crop, (cv2.IMWRITE_JPEG_QUALITY, 90))[1].tobytes()


def job(
    seq: int, track: int = 1, node: str = "edge", camera: str = "front", items: tuple[str, ...] = ("helmet", "vest")
) -> m.CropTaken:
    """The crop of frame `seq`, which shows PERSON as `person` draws it."""
    x1, y1, x2, y2 = PERSON
    return m.CropTaken(
        site="home", node=node, camera=camera, time=datetime.now(UTC), id=f"{node}.{camera}.s.{track}.0.ppe.{seq}",
        wanted="ppe", session="s", track=track, round=0, pts=90_000 * seq, label="person", score=0.9,
        box=(x1, y1, x2 - x1, y2 - y1), area=(0.0, 0.0, 1.0, 1.0), width=200, height=400, items=items,
    )  # fmt: skip
