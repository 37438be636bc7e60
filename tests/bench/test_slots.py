import threading

from bench.slots import Slots


def test_the_newest_of_each_camera_goes_in_turn():
    slots = Slots[str](3, 0)
    for camera, item in [(0, "old"), (0, "new"), (2, "two"), (1, "one")]:
        slots.put(camera, item)
    assert [slots.take() for _ in range(3)] == [(0, "new"), (1, "one"), (2, "two")]


def test_a_camera_is_not_looked_at_before_it_is_due():
    slots = Slots[str](2, fps=0.001)
    slots.put(0, "first")
    assert slots.take() == (0, "first")
    slots.put(0, "too soon")
    threading.Timer(0.05, slots.put, (1, "other")).start()
    assert slots.take() == (1, "other")
