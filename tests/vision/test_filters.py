import numpy as np

from edged.config import Camera, LabelFilter
from edged.vision.detections import NOTHING, Found
from edged.vision.filters import Filters, expanded, groups

LABELS = ("person", "bicycle", "car", "truck", "cat")
ALIASES = {"vehicle": ("car", "truck"), "rider": ("bicycle", "motorcycle")}


def found(*objects):
    """Each is (label, score, x1, y1, x2, y2)."""
    return Found(
        np.array([one[2:] for one in objects], np.float32),
        np.array([one[1] for one in objects], np.float32),
        np.array([LABELS.index(one[0]) for one in objects], np.int32),
    )


def kept(filters, given):
    return [LABELS[one] for one in filters.keep(given).classes]


def filters(**camera):
    return Filters(Camera(id="front", url="rtsp://camera", **camera), LABELS, ALIASES)


ALL = found(*((label, 0.9, 0.4, 0.4, 0.6, 0.8) for label in LABELS))


def test_an_alias_stands_for_its_labels_and_a_name_for_itself():
    assert expanded(["Person", "vehicle", "car"], ALIASES) == ("person", "car", "truck")


def test_only_the_labels_asked_for_are_kept():
    assert kept(filters(labels=("person", "vehicle")), ALL) == ["person", "car", "truck"]


def test_no_labels_keep_all():
    assert kept(filters(labels=()), ALL) == list(LABELS)


def test_labels_the_detector_does_not_know_are_told():
    asked = filters(labels=("person", "rider", "unicorn"))
    assert asked.unknown == ("motorcycle", "unicorn")
    assert kept(asked, ALL) == ["person", "bicycle"]


def test_a_filter_under_a_label_beats_the_one_under_its_alias():
    rules = {"car": LabelFilter(score=0.4), "vehicle": LabelFilter(score=0.8)}
    some = found(("car", 0.5, 0.4, 0.4, 0.6, 0.8), ("truck", 0.5, 0.4, 0.4, 0.6, 0.8))
    assert kept(filters(filters=rules), some) == ["car"]


def test_too_small_and_too_large_are_dropped_by_their_own_label_alone():
    rules = {"person": LabelFilter(min_height=0.1, max_height=0.5, min_width=0.05, max_width=0.3)}
    boxes = [
        (0.4, 0.4, 0.5, 0.7),
        (0.4, 0.4, 0.5, 0.45),
        (0.4, 0.1, 0.5, 0.9),
        (0.4, 0.4, 0.42, 0.7),
        (0.1, 0.4, 0.6, 0.7),
    ]
    asked = filters(filters=rules)
    assert asked.keep(found(*(("person", 0.9, *box) for box in boxes))).boxes.tolist() == [
        list(np.array(boxes[0], np.float32))
    ]
    assert len(asked.keep(found(*(("car", 0.9, *box) for box in boxes)))) == len(boxes)


def test_who_stands_in_a_mask_is_dropped_and_who_only_reaches_into_it_is_not():
    lower_left = ((0.0, 0.7), (0.5, 0.7), (0.5, 1.0), (0.0, 1.0))
    stands = ("person", 0.9, 0.1, 0.3, 0.3, 0.9)
    beside = ("person", 0.9, 0.4, 0.3, 0.7, 0.9)
    behind = ("person", 0.9, 0.1, 0.3, 0.3, 0.6)
    left = filters(masks=(lower_left,)).keep(found(stands, beside, behind))
    assert np.allclose(left.boxes, found(beside, behind).boxes)


def test_nothing_found_is_nothing_kept():
    assert len(filters(masks=(((0, 0), (1, 0), (1, 1)),)).keep(NOTHING)) == 0


def test_classes_of_one_alias_are_one_group_and_others_their_own():
    person, bicycle, car, truck, cat = groups(LABELS, ALIASES)
    assert car == truck
    assert len({person, bicycle, car, cat}) == 4


def test_aliases_that_share_a_label_are_one_group():
    car, truck, bus = groups(("car", "truck", "bus"), {"motor": ("car", "truck"), "heavy": ("truck", "bus")})
    assert car == truck == bus
