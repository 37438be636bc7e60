import pytest

from edged.camera.pace import LATE, Pace


def test_the_first_frame_is_due_at_once_and_the_next_by_its_time():
    pace = Pace()
    assert pace.wait(0, now=100.0) == 0
    assert pace.wait(9000, now=100.0) == pytest.approx(0.1)


def test_late_frames_do_not_move_those_after_them():
    pace = Pace()
    pace.wait(0, now=100.0)
    assert pace.wait(9000, now=100.13) == 0
    assert pace.wait(18_000, now=100.13) == pytest.approx(0.07)


def test_far_behind_it_goes_on_from_there_without_a_burst():
    pace = Pace()
    pace.wait(0, now=100.0)
    assert pace.wait(9000, now=100.2 + LATE) == 0
    assert pace.wait(18_000, now=100.2 + LATE) == pytest.approx(0.1)
