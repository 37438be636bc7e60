import cv2
import numpy as np
import pytest

from edged.recognition import alignment, quality
from edged.recognition.finding import Found
from tests.recognition.test_alignment import points
from tests.rigs import faces


def judged(height: int = 200, blur: float = 0.0, aside: float = 0.0) -> quality.Quality:
    picture = faces.placed(0, 220, 20, height)
    if blur:
        picture = cv2.GaussianBlur(picture, (0, 0), blur)
    where = points(220, 20, height)
    where[2, 0] += aside * (where[1, 0] - where[0, 0])
    face = Found((220 + 0.25 * height, 20.0, 220 + 0.75 * height, 20 + 0.6 * height), where, 0.9, False)
    return quality.judge(face, alignment.aligned(picture, where, 112, 112), 40, 0.3)


def test_a_sharp_large_face_that_looks_ahead_is_good() -> None:
    assert judged().reason == ""
    assert judged().value > 0.7


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"height": 60}, "too small: 36 pixels high, 40 are needed"),
        ({"blur": 12.0}, "too blurred"),
        ({"aside": 0.6}, "turned away"),
    ],
)
def test_what_is_wrong_with_a_face_is_said(fault: dict[str, float], reason: str) -> None:
    assert judged(**fault).reason.startswith(reason)


def test_each_fault_costs_quality_little_by_little() -> None:
    for values in (
        [judged(blur=blur).value for blur in (0, 2, 4, 8)],
        [judged(aside=aside).value for aside in (0, 0.3, 0.45, 0.6)],
        [judged(height=height).value for height in (200, 140, 100, 70)],
    ):
        assert values == sorted(values, reverse=True)
        assert values[0] > values[-1]


def test_how_a_head_is_inclined_does_not_matter() -> None:
    turned = cv2.getRotationMatrix2D((320, 120), 30, 1)
    where = points(220, 20, 200)
    inclined = (where @ turned[:, :2].T + turned[:, 2]).astype(np.float32)
    picture = cv2.warpAffine(faces.placed(0, 220, 20, 200), turned, (640, 360), borderValue=(170, 170, 170))
    face = Found((250, 20, 390, 160), inclined, 0.9, False)
    value = quality.judge(face, alignment.aligned(picture, inclined, 112, 112), 40, 0.3).value
    assert value == pytest.approx(judged().value, abs=0.15)
