import numpy as np
import pytest

from edged.camera import jpeg
from edged.camera.hiding import hidden
from tests import frames
from tests.rigs import faces

AREA = (0.25, 0.25, 0.75, 0.75)


def noise(width: int = 320, height: int = 240) -> "np.typing.NDArray[np.uint8]":
    return np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8)


def test_what_is_hidden_is_a_few_squares_and_the_rest_is_as_it_was() -> None:
    frame = frames.of_rgb(noise())
    covered = hidden(frame, [AREA])
    inside = covered.luma[60:180, 80:240]
    assert len(np.unique(inside)) <= 36
    for ours, theirs in zip((covered.luma, *covered.chroma), (frame.luma, *frame.chroma), strict=True):
        height, width = theirs.shape
        outside = np.ones(theirs.shape, bool)
        outside[height // 4 : -(height // 4), width // 4 : -(width // 4)] = False
        assert np.array_equal(ours[outside], theirs[outside])


def test_the_frame_itself_stays_as_it_was() -> None:
    frame = frames.of_rgb(noise())
    before = frame.luma.copy()
    hidden(frame, [(0, 0, 1, 1)])
    assert np.array_equal(frame.luma, before)


def test_what_is_encoded_is_what_is_hidden() -> None:
    frame = frames.of_rgb(faces.placed(0, 220, 80)[:, :, ::-1])
    assert faces.shown(jpeg.encode(frame, 0, 90)) == 1
    covered = hidden(frame, [(0.3, 0.2, 0.7, 0.8)])
    assert faces.shown(jpeg.encode(covered, 0, 90)) == 0
    assert faces.shown(covered.picture.to_ndarray(format="bgr24")) == 0


@pytest.mark.parametrize(("width", "height"), [(319, 239), (320, 239), (64, 48)])
@pytest.mark.parametrize("area", [(0.9, 0.9, 1.0, 1.0), (0, 0, 1, 1), (0.5, 0.5, 0.5, 0.5), (0.0, 0.0, 0.001, 0.001)])
def test_any_area_of_any_size_can_be_hidden(width: int, height: int, area: tuple[float, float, float, float]) -> None:
    whole = np.full((height + height % 2, width + width % 2, 3), 90, np.uint8)
    frame = frames.of_rgb(whole)
    covered = hidden(frame, [area])
    assert covered.luma.shape == frame.luma.shape
