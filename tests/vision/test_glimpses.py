import numpy as np

from edged.vision.glimpses import Glimpses

PERSON, CAR = 0, 1


def boxes(*places):
    return np.array([[x - 0.1, y - 0.2, x + 0.1, y + 0.2] for x, y in places])


def kinds(*groups):
    return np.array(groups, np.int32)


def middle(box):
    return round(float(box[0] + box[2]) / 2, 3), round(float(box[1] + box[3]) / 2, 3)


def test_what_led_up_to_a_box_is_found_again_oldest_first():
    glimpses = Glimpses()
    for number in range(4):
        glimpses.keep(number / 10, boxes((0.2 + 0.05 * number, 0.5), (0.9, 0.5)), kinds(PERSON, PERSON))
    way = glimpses.before(0.4, boxes((0.4, 0.5))[0], PERSON)
    assert [(at, middle(box)) for at, box in way] == [
        (0.0, (0.2, 0.5)),
        (0.1, (0.25, 0.5)),
        (0.2, (0.3, 0.5)),
        (0.3, (0.35, 0.5)),
    ]


def test_another_kind_of_thing_in_the_same_place_is_not_it():
    glimpses = Glimpses()
    glimpses.keep(0.0, boxes((0.4, 0.5)), kinds(CAR))
    assert glimpses.before(0.1, boxes((0.4, 0.5))[0], PERSON) == []


def test_a_glimpse_long_ago_is_not_it():
    glimpses = Glimpses()
    glimpses.keep(0.0, boxes((0.4, 0.5)), kinds(PERSON))
    assert glimpses.before(0.6, boxes((0.4, 0.5))[0], PERSON) == []


def test_nothing_is_kept_for_longer_than_a_second_at_any_frame_rate():
    glimpses = Glimpses()
    for number in range(1000):
        glimpses.keep(number / 1000, boxes((0.4, 0.5)), kinds(PERSON))
    assert len(glimpses.before(1.0, boxes((0.4, 0.5))[0], PERSON)) <= 32
