import numpy as np
import pytest

from edged.vision import suppression as bx


def floats(*rows):
    return np.array(rows, np.float32)


def test_overlap_of_two_boxes_that_share_a_third_is_a_third():
    pair = floats([0, 0, 2, 2], [1, 0, 3, 2])
    assert bx.overlaps(pair) == pytest.approx(np.array([[1, 1 / 3], [1 / 3, 1]]))


def test_a_box_without_area_overlaps_nothing():
    assert bx.overlaps(floats([1, 1, 1, 1], [0, 0, 2, 2]))[0].tolist() == [0, 0]


def test_of_two_boxes_on_one_thing_the_better_stays_and_the_order_is_by_score():
    boxes = floats([0, 0, 10, 10], [1, 1, 11, 11], [50, 50, 60, 60])
    kept = bx.suppress(boxes, np.array([0.6, 0.9, 0.95], np.float32), np.zeros(3, np.int32), 0.5)
    assert kept.tolist() == [2, 1]


def test_boxes_of_different_classes_leave_each_other_alone():
    boxes = floats([0, 0, 10, 10], [0, 0, 10, 10])
    assert len(bx.suppress(boxes, np.array([0.6, 0.9], np.float32), np.array([0, 1], np.int32), 0.5)) == 2


def test_a_box_that_was_suppressed_suppresses_nothing():
    boxes = floats([0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10])
    kept = bx.suppress(boxes, np.array([0.9, 0.8, 0.7], np.float32), np.zeros(3, np.int32), 0.4)
    assert kept.tolist() == [0, 2]


def test_a_crowd_beyond_the_limit_keeps_its_best():
    count = 1000
    x = np.arange(count, dtype=np.float32) * 20
    boxes = np.stack([x, x * 0, x + 10, x * 0 + 10], axis=1)
    scores = np.random.default_rng(1).random(count, np.float32)
    kept = bx.suppress(boxes, scores, np.zeros(count, np.int32), 0.5, limit=300)
    assert scores[kept].tolist() == sorted(scores.tolist(), reverse=True)[:300]


def test_suppression_equals_the_plain_loop():
    random = np.random.default_rng(2)
    corners = random.random((200, 2), np.float32)
    boxes = np.hstack([corners, corners + 0.2 * random.random((200, 2), np.float32)])
    scores, classes = random.random(200, np.float32), random.integers(0, 3, 200).astype(np.int32)
    ratios, plain = bx.overlaps(boxes), []
    for index in np.argsort(-scores):
        if not any(classes[index] == classes[k] and ratios[index, k] > 0.3 for k in plain):
            plain.append(index)
    assert bx.suppress(boxes, scores, classes, 0.3).tolist() == plain
