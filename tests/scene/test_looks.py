from itertools import pairwise

from edged.scene.looks import LOOKS, Looks
from edged.vision.tracker import Tracked


def tracked(number: int = 1, size: float = 0.2) -> Tracked:
    return Tracked(number, 0, 0.9, (0.4, 0.3, 0.4 + size, 0.3 + size), 0.0, 0.0)


def rounds(looks: Looks, seconds: float, bypass: float, begin: float = 0.0) -> list[int]:
    """The rounds of the looks taken at 10 frames per second."""
    taken = []
    for step in range(round(seconds * 10)):
        taken += looks.choose([tracked()], begin + step / 10, bypass, lambda _: 1.0)
    return [look.round for look in taken]


def test_a_track_is_looked_at_five_times_and_not_in_neighbouring_frames() -> None:
    looks = Looks()
    at = [step / 10 for step in range(200) if looks.choose([tracked()], step / 10, 0.0, lambda _: 1.0)]
    assert len(at) == LOOKS
    assert all(later - earlier >= 0.79 for earlier, later in pairwise(at))


def test_who_stays_is_looked_at_again_after_the_bypass() -> None:
    assert rounds(Looks(), 25, bypass=10.0) == [0] * LOOKS + [1] * LOOKS + [2] * LOOKS


def test_within_the_bypass_nobody_is_looked_at_again() -> None:
    assert rounds(Looks(), 250, bypass=300.0) == [0] * LOOKS


def test_without_a_bypass_there_is_one_round() -> None:
    assert rounds(Looks(), 1000, bypass=0.0) == [0] * LOOKS


def test_a_look_that_is_much_worse_than_the_best_is_left_out() -> None:
    looks = Looks()
    assert looks.choose([tracked(size=0.3)], 0.0, 0.0, lambda _: 1.0)
    assert not looks.choose([tracked(size=0.1)], 2.0, 0.0, lambda _: 1.0)
    assert looks.choose([tracked(size=0.25)], 3.0, 0.0, lambda _: 1.0)


def test_a_track_that_is_over_is_forgotten() -> None:
    looks = Looks()
    rounds(looks, 10, bypass=0.0)
    looks.forget([tracked()])
    assert rounds(looks, 10, bypass=0.0, begin=20.0) == [0] * LOOKS
