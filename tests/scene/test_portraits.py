from collections.abc import Callable

import pytest

from edged.scene.portraits import EAGER, MOST, Portraits, head
from edged.vision.tracker import Tracked

BOX = (0.4, 0.2, 0.5, 0.8)


def person(id: int = 1, box: tuple[float, float, float, float] = BOX) -> Tracked:
    return Tracked(id, 0, 0.9, box, 0.0, 0.0)


def times(
    seconds: float, known: Callable[[int], bool] = lambda track: False, sharp: Callable[[float], float] = lambda at: 1.0
) -> list[float]:
    """When somebody who stays in sight at ten frames a second is looked at."""
    portraits, taken = Portraits(), []
    for frame in range(int(10 * seconds)):
        at = frame / 10
        taken += [at] * len(portraits.choose([person()], at, (1.0, 5.0), known, lambda _, at=at: sharp(at)))
    return taken


def test_who_is_not_known_is_looked_at_every_face_interval_and_then_ever_less() -> None:
    taken = times(120)
    assert taken[:EAGER] == pytest.approx([float(second) for second in range(EAGER)], abs=0.11)
    pauses = [after - before for before, after in zip(taken[EAGER:-1], taken[EAGER + 1 :], strict=True)]
    assert pauses == sorted(pauses)
    assert len(taken) < 2 * EAGER + 5


def test_who_is_known_is_looked_at_every_body_interval() -> None:
    assert times(21, known=lambda track: True) == pytest.approx([0, 5, 10, 15, 20], abs=0.3)


def test_the_looks_at_one_track_are_bounded() -> None:
    assert len(times(2000, known=lambda track: True)) == MOST


def test_a_worse_moment_is_passed_over_for_a_better_one() -> None:
    """Blurred from half a second to two seconds."""
    taken = times(3.5, sharp=lambda at: 0.1 if 0.5 < at < 2.0 else 1.0)
    assert taken == pytest.approx([0.0, 2.2, 3.2], abs=0.31)


def test_who_never_looks_good_again_is_looked_at_all_the_same() -> None:
    assert len(times(10, sharp=lambda at: 1.0 if at < 0.1 else 0.01)) >= 3


def test_several_people_are_looked_at_each_on_their_own_and_forgotten_when_over() -> None:
    portraits = Portraits()

    def choose(at: float, *ids: int) -> list[int]:
        people = [person(id) for id in ids]
        return [one.id for one in portraits.choose(people, at, (1.0, 5.0), lambda _: False, lambda _: 1.0)]

    assert choose(0.0, 1, 2) == [1, 2]
    assert choose(0.5, 1, 2, 3) == [3]
    portraits.forget([person(1)])
    assert choose(0.6, 1, 2, 3) == [1]


def test_the_head_is_the_top_of_a_person() -> None:
    assert head((0.1, 0.2, 0.3, 0.7)) == pytest.approx((0.1, 0.2, 0.3, 0.35))
