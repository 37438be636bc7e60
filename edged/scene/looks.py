"""Which people are looked at closely, and when: several looks of a track, for a vote."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from edged.scene.shots import quality
from edged.vision.tracker import Tracked

LOOKS = 5  # of a track in a round
_PAUSE = 0.8  # seconds between two looks: neighbouring frames show the same and would outvote the rest
_AGAIN = 0.3  # seconds until a track is considered again that did not look good
_WORSE = 0.4  # of the best look's quality: what is less is left out


class Taken(NamedTuple):
    """Cut `tracked` out now; the looks of one `round` are voted on together."""

    tracked: Tracked
    round: int


class Looks:
    """Chooses the looks of one session: up to five of each track, then as many again `bypass` seconds after the first of them."""

    def __init__(self) -> None:
        self._rounds: dict[int, _Round] = {}

    def choose(
        self, tracks: Iterable[Tracked], at: float, bypass: float, sharp: Callable[[Tracked], float]
    ) -> list[Taken]:
        """Of the tracks in the frame at `at` seconds, those to look at. `bypass` 0: a track has one round. `sharp` is asked only of those in question."""
        taken = []
        for tracked in tracks:
            looks = self._rounds.setdefault(tracked.id, _Round(0, at))
            if bypass and at >= looks.began + max(bypass, LOOKS * _PAUSE):
                looks = self._rounds[tracked.id] = _Round(looks.number + 1, at)
            if looks.taken == LOOKS or at < looks.next_look:
                continue
            good = quality(tracked, sharp(tracked))
            if good < _WORSE * looks.best:
                looks.next_look = at + _AGAIN
                continue
            looks.taken, looks.best, looks.next_look = looks.taken + 1, max(good, looks.best), at + _PAUSE
            taken.append(Taken(tracked, looks.number))
        return taken

    def forget(self, ended: Iterable[Tracked]) -> None:
        """These tracks are over."""
        for tracked in ended:
            self._rounds.pop(tracked.id, None)


@dataclass(slots=True)
class _Round:
    number: int
    began: float
    taken: int = 0
    best: float = 0.0
    next_look: float = float("-inf")
