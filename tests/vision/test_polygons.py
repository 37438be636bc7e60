import numpy as np

from edged.vision.polygons import inside, inside_any

# a U: its notch, open at the top, does not belong to it
U = ((0.0, 0.0), (0.3, 0.0), (0.3, 0.7), (0.7, 0.7), (0.7, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


def test_a_notch_is_outside_whichever_way_round_the_corners_go():
    points = np.array([[0.1, 0.1], [0.5, 0.3], [0.5, 0.9], [0.9, 0.1], [1.5, 0.5], [0.5, -0.1]])
    for polygon in (U, U[::-1]):
        assert inside(points, polygon).tolist() == [True, False, True, True, False, False]


def test_a_point_counts_once_however_many_polygons_hold_it():
    points = np.array([[0.1, 0.1], [0.5, 0.3]])
    assert inside_any(points, (U, U)).tolist() == [True, False]
    assert inside_any(points, ()).tolist() == [False, False]
