import numpy as np

from models.train.gather import merging
from models.train.pictures import DOUBTFUL, PERSON

NO_CROWDS = np.zeros((0, 4))


def scored(*rows: list[float]) -> np.ndarray:
    return np.array(rows, float).reshape(-1, 5)


def test_of_boxes_of_one_person_the_best_is_kept():
    kept = merging.suppressed(scored([0, 0, 10, 20, 0.4], [0, 0, 10, 19, 0.9], [40, 0, 50, 20, 0.5]))
    assert kept[:, 4].tolist() == [0.9, 0.5]


def test_a_closer_look_makes_surer_and_adds_who_was_missed():
    whole = scored([0, 0, 10, 20, 0.3])
    tile = scored([0, 0, 10, 19, 0.8], [40, 0, 50, 20, 0.6])
    assert merging.together(whole, [tile, scored()])[:, 4].tolist() == [0.8, 0.6]
    assert whole[0, 4] == 0.3


def test_a_piece_of_somebody_seen_in_whole_is_not_added():
    assert len(merging.together(scored([0, 0, 40, 100, 0.5]), [scored([5, 0, 35, 30, 0.9])])) == 1


def test_own_boxes_are_completed_by_what_is_sure_and_what_is_doubtful():
    seen = scored([0, 0, 10, 21, 0.9], [40, 0, 50, 20, 0.6], [60, 0, 70, 20, 0.45], [80, 0, 90, 20, 0.24])
    boxes = merging.completed(np.array([[0, 0, 10, 20]], float), NO_CROWDS, seen, sure=0.5)
    assert [(box.x1, box.flag, box.by) for box in boxes] == [
        (0, PERSON, "own"),
        (40, PERSON, "yolox"),
        (60, DOUBTFUL, "yolox"),
    ]


def test_crowds_are_doubtful_and_hide_who_is_seen_in_them():
    boxes = merging.completed(np.zeros((0, 4)), np.array([[0, 0, 100, 50]], float), scored([0, 0, 95, 50, 0.9]), 0.5)
    assert [(box.flag, box.by) for box in boxes] == [(DOUBTFUL, "own")]
