"""Which people are cut out to be recognised, and when."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from edged.scene.shots import quality
from edged.vision.tracker import Tracked

Corners = tuple[float, float, float, float]

EAGER = 10  # looks at somebody unknown before patience sets in
MOST = 200  # looks at one track, however long it stays
_PATIENCE = 1.3  # times the pause before: who was not known by the tenth look will hardly be by the hundredth
_LONGEST = 60.0  # seconds
_AGAIN = 0.3  # seconds until a track is considered again that did not look good
_WORSE = 0.4  # of the best look's quality: what is less is left out …
_STARVED = 3.0  # … but after so many pauses without a look any will do
_HEAD = 0.3  # of the height of a person


class Portraits:
    """Chooses the looks of one session: `face_interval` seconds apart at who is not known, `body_interval` at who is, ever fewer at who stays unknown."""

    def __init__(self) -> None:
        self._tracks: dict[int, _Sitter] = {}

    def choose(
        self,
        tracks: Iterable[Tracked],
        at: float,
        pauses: tuple[float, float],
        known: Callable[[int], bool],
        sharp: Callable[[Tracked], float],
    ) -> list[Tracked]:
        """Of the tracks in the frame at `at` seconds, those to cut out. `pauses` are face_interval and body_interval.

        `sharp` is asked only of those in question.
        """
        taken = []
        for tracked in tracks:
            sitter = self._tracks.setdefault(tracked.id, _Sitter(at))
            if sitter.taken == MOST or at < sitter.next_look:
                continue
            pause = pauses[1] if known(tracked.id) else sitter.patience(pauses[0])
            good = quality(tracked, sharp(tracked))
            if good < _WORSE * sitter.best and at < sitter.last + _STARVED * pause:
                sitter.next_look = at + _AGAIN
                continue
            sitter.taken, sitter.last, sitter.next_look = sitter.taken + 1, at, at + pause
            sitter.best = max(good, sitter.best)
            taken.append(tracked)
        return taken

    def forget(self, ended: Iterable[Tracked]) -> None:
        """These tracks are over."""
        for tracked in ended:
            self._tracks.pop(tracked.id, None)


def head(box: Corners) -> Corners:
    """The part of a person's box that the face is in."""
    x1, y1, x2, y2 = box
    return x1, y1, x2, y1 + _HEAD * (y2 - y1)


@dataclass(slots=True)
class _Sitter:
    last: float
    taken: int = 0
    best: float = 0.0
    next_look: float = float("-inf")

    def patience(self, pause: float) -> float:
        late = self.taken - EAGER
        return pause if late < 0 else max(pause, min(_LONGEST, pause * _PATIENCE ** min(late, 100)))
