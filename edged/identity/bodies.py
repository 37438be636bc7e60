"""What people look like today: figures of those whose face was recognised, in memory for some hours. Pure."""

from collections import deque
from collections.abc import Container
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edged.identity.decide import Decision, Thresholds, decide
from edged.identity.index import Match

Vector = NDArray[np.float32]

_EACH = 12  # figures of one identity
_MOST = 300  # identities


class _Figure(NamedTuple):
    vector: Vector
    at: float


class Bodies:
    """Figures by identity, of one model; they are forgotten after `hours`. `at` is monotonic seconds."""

    def __init__(self, hours: float) -> None:
        self._seconds = hours * 3600
        self._figures: dict[str, deque[_Figure]] = {}

    def add(self, identity: str, vector: Vector, at: float) -> None:
        self._forget(at)
        if identity not in self._figures and len(self._figures) >= _MOST:
            del self._figures[min(self._figures, key=lambda known: self._figures[known][-1].at)]
        self._figures.setdefault(identity, deque(maxlen=_EACH)).append(_Figure(vector, at))

    def forget(self, identity: str) -> None:
        self._figures.pop(identity, None)

    def whose(self, vector: Vector, at: float, but: Container[str], thresholds: Thresholds) -> Decision:
        """Whose figure this is, `but` those who cannot be meant. The lead is measured against everybody."""
        self._forget(at)
        matches = [
            Match(identity, str(number), float(figure.vector @ vector))
            for identity, figures in self._figures.items()
            for number, figure in enumerate(figures)
            if figure.vector.shape == vector.shape
        ]
        decision = decide(matches, len(self._figures), thresholds)
        if decision.identity in but:
            return Decision("", decision.nearest, decision.sample, decision.score, decision.margin, decision.threshold)
        return decision

    def _forget(self, at: float) -> None:
        for identity, figures in list(self._figures.items()):
            while figures and figures[0].at < at - self._seconds:
                figures.popleft()
            if not figures:
                del self._figures[identity]


def mean(vectors: list[Vector]) -> Vector:
    """Their mean, of length 1."""
    middle = np.mean(vectors, axis=0)
    return np.asarray(middle / max(float(np.linalg.norm(middle)), 1e-9), np.float32)
