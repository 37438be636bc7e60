import numpy as np
import pytest

from bench import mot

BOX = np.array([[0.0, 0.0, 10.0, 10.0]])
FAR = BOX + 100.0
NOBODY = np.empty((0, 4))


def one_object(frames):
    return {frame: ([1], BOX) for frame in range(frames)}


def test_a_perfect_tracker_scores_one():
    scores = mot.score(one_object(10), {frame: ([7], BOX) for frame in range(10)})
    assert (scores.mota, scores.idf1, scores.switches) == (1.0, 1.0, 0)


def test_a_change_of_id_halfway_is_one_switch_and_half_the_identity():
    scores = mot.score(one_object(10), {frame: ([7 if frame < 5 else 8], BOX) for frame in range(10)})
    assert scores.switches == 1
    assert scores.mota == pytest.approx(0.9)
    assert scores.idf1 == pytest.approx(0.5)


def test_a_box_elsewhere_is_a_miss_as_well_as_a_false_alarm():
    scores = mot.score(one_object(4), {frame: ([7], FAR if frame == 0 else BOX) for frame in range(4)})
    assert (scores.misses, scores.false_alarms) == (1, 1)
    assert scores.mota == pytest.approx(0.5)


def test_a_pair_stays_a_pair_while_it_overlaps_even_if_another_box_fits_better():
    close = BOX + np.array([1.0, 0.0, 1.0, 0.0])
    tracked = {0: ([7], close), 1: ([7, 8], np.concatenate([close, BOX]))}
    assert mot.score(one_object(2), tracked).switches == 0


def test_a_tracker_that_says_nothing_misses_everything():
    scores = mot.score(one_object(3), {frame: ([], NOBODY) for frame in range(3)})
    assert (scores.mota, scores.idf1, scores.misses) == (0.0, 0.0, 3)
