"""Arithmetic on what was measured."""

from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0..1) of them do not exceed, by nearest rank; nan of none."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered) - 1, round(share * len(ordered) + 0.5) - 1))]


def median(values: Sequence[float]) -> float:
    return percentile(values, 0.5)


def jain(shares: Sequence[float]) -> float:
    """Jain's fairness index: 1 when all have the same, 1/n when one has it all. https://arxiv.org/abs/cs/9809099"""
    squares = len(shares) * sum(share * share for share in shares)
    return sum(shares) ** 2 / squares if squares else float("nan")
