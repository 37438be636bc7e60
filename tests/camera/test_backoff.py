import pytest

from edged.camera.backoff import AUTH, STABLE, Backoff


def highest(low: float, high: float) -> float:
    return high


def lowest(low: float, high: float) -> float:
    return low


def test_waits_double_up_to_the_longest():
    backoff = Backoff(1, 8, highest)
    assert [backoff.after("refused", 0) for _ in range(5)] == [1, 2, 4, 8, 8]


def test_never_waits_less_than_half_the_shortest():
    backoff = Backoff(1, 8, lowest)
    assert [backoff.after("refused", 0) for _ in range(3)] == [0.5, 0.5, 0.5]


def test_a_wrong_password_is_tried_slowly_from_the_first_time():
    assert Backoff(1, 8, lowest).after("auth", 0) == AUTH
    assert Backoff(1, 600, highest).after("auth", 0) == 600


@pytest.mark.parametrize(("ran", "wait"), [(STABLE, 1), (STABLE / 2, 4)])
def test_only_stable_running_starts_the_count_again(ran, wait):
    backoff = Backoff(1, 8, highest)
    backoff.after("refused", 0)
    backoff.after("refused", 0)
    assert backoff.after("stalled", ran) == wait


def test_after_a_sign_of_life_the_next_wait_is_a_first_one():
    backoff = Backoff(1, 8, highest)
    backoff.after("refused", 0)
    backoff.after("refused", 0)
    backoff.relent()
    assert [backoff.after("refused", 0) for _ in range(2)] == [1, 2]
