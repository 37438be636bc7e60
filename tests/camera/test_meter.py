import pytest

from edged.camera.meter import WINDOW, Rate


def test_events_per_second_are_those_of_the_last_seconds():
    rate = Rate()
    for tenth in range(100):
        rate.add(tenth / 10)
    assert rate.per_second(9.9) == pytest.approx(10)
    for half in range(20, 40):
        rate.add(half / 2)
    assert rate.per_second(19.5) == pytest.approx(2)


def test_amounts_count_from_the_second_event_on():
    rate = Rate()
    rate.add(0.0, 5000)
    rate.add(1.0, 100)
    rate.add(2.0, 300)
    assert rate.per_second(2.0) == pytest.approx(200)


def test_silence_becomes_nothing():
    rate = Rate()
    rate.add(0.0)
    assert rate.per_second(0.0) == 0
    rate.add(0.1)
    assert rate.per_second(0.2 + WINDOW) == 0
