import numpy as np
import pytest

from edged.recognition import alignment
from edged.recognition.alignment import TEMPLATE, aligned, similarity
from tests.rigs import faces


def test_turned_scaled_and_shifted_points_are_brought_back() -> None:
    angle = np.radians(25)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], np.float32)
    moved = (3.5 * TEMPLATE @ turn.T + np.array([200, 90])).astype(np.float32)
    matrix = similarity(moved, TEMPLATE)
    assert moved @ matrix[:, :2].T + matrix[:, 2] == pytest.approx(TEMPLATE, abs=1e-3)


def test_a_mirrored_face_is_turned_but_never_mirrored_back() -> None:
    mirrored = TEMPLATE * np.array([-1, 1], np.float32)
    matrix = similarity(mirrored, TEMPLATE)
    assert np.linalg.det(matrix[:, :2]) > 0


def test_points_that_are_all_one_are_refused() -> None:
    with pytest.raises(ValueError, match="all one"):
        similarity(np.full((5, 2), 7, np.float32), TEMPLATE)


@pytest.mark.parametrize("height", [120, 200, 340])
def test_a_face_of_any_size_and_place_comes_out_the_same(height: int) -> None:
    reference = aligned(faces.placed(0, 220, 80, 200), points(220, 80, 200), 112, 112).astype(float)
    other = aligned(faces.placed(0, 60, 5, height), points(60, 5, height), 112, 112).astype(float)
    assert np.abs(other - reference).mean() < 4


def points(x: int, y: int, height: int) -> alignment.Floats:
    """Where `drawn` puts eyes, nose and mouth."""
    drawn = np.array([[155, 193], [245, 193], [200, 245], [165, 290], [235, 290]], np.float32)
    return drawn * np.float32(height / 400) + np.array([x, y], np.float32)
