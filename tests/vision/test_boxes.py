import numpy as np
import pytest

from edged.vision import boxes

SQUARE = np.array([[0.0, 0.0, 2.0, 2.0]])


def test_overlap_is_the_share_of_what_both_cover():
    others = np.array([[0.0, 0.0, 2.0, 2.0], [1.0, 0.0, 3.0, 2.0], [2.0, 0.0, 3.0, 1.0], [0.0, 0.0, 0.0, 0.0]])
    assert boxes.overlap(SQUARE, others)[0] == pytest.approx([1.0, 1.0 / 3.0, 0.0, 0.0])


def test_empty_boxes_overlap_nothing_not_even_themselves():
    empty = np.zeros((1, 4))
    assert boxes.overlap(empty, empty)[0, 0] == 0.0


def test_both_ways_of_writing_a_box_mean_the_same():
    some = np.array([[0.1, 0.2, 0.5, 0.9], [0.0, 0.0, 1.0, 1.0]])
    assert boxes.cornered(boxes.centred(some)) == pytest.approx(some)


def test_growing_adds_to_every_side():
    assert boxes.grown(SQUARE, 0.5)[0] == pytest.approx([-1.0, -1.0, 3.0, 3.0])
