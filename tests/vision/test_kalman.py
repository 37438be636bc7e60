import numpy as np
import pytest

from edged.vision import kalman

BOX = np.array([[1.0, 0.5, 0.1, 0.3]])


def moved(by):
    return BOX + np.array([by, 0.0, 0.0, 0.0])


def seconds(value):
    return np.array([value])


def after_walking(fps, length, speed=0.2):
    belief = kalman.born(BOX)
    for step in range(1, round(length * fps) + 1):
        belief = kalman.predict(belief, seconds(1.0 / fps))
        belief = kalman.correct(belief, moved(speed * step / fps))
    return belief


@pytest.mark.parametrize("fps", [3.0, 10.0, 25.0])
def test_a_steady_walk_is_known_at_any_frame_rate(fps):
    ahead = kalman.predict(after_walking(fps, 4.0), seconds(0.5))
    assert ahead[0, kalman.VALUE, 0] == pytest.approx(1.0 + 0.2 * 4.5, abs=0.01)


def test_one_long_prediction_is_as_good_as_many_short_ones():
    begun = after_walking(10.0, 1.0)
    long = kalman.predict(begun, seconds(1.0))
    short = begun
    for _ in range(10):
        short = kalman.predict(short, seconds(0.1))
    assert long == pytest.approx(short, rel=0.05)


def test_closing_a_gap_corrects_the_speed_from_both_of_its_ends():
    turned = kalman.predict(after_walking(10.0, 2.0, speed=0.2), seconds(1.0))
    here = moved(0.4 - 0.2)  # it walked back while nobody saw it
    assert kalman.correct(turned, here)[0, kalman.SPEED, 0] < -0.1


def test_a_guess_about_a_long_gap_leaves_a_box_its_size():
    belief = kalman.born(BOX)
    belief[:, kalman.SPEED, 2:] = -1.0
    assert (kalman.predict(belief, seconds(10.0))[0, kalman.VALUE, 2:] > 0.0).all()
