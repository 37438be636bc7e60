"""Whether the best matches are good enough to say who somebody is. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import Struct

from edged.identity.index import Match


class Thresholds(Struct, frozen=True, kw_only=True):
    """What a model's scores must be. `score` is for a gallery of one identity.

    The best of n strangers' scores grows with log n: for scores that are nearly normal by some 0.45 of their deviation for each tenfold,
    which is what `growth` adds. `margin` is the lead that the best identity must have over the next one.
    """

    score: float
    growth: float
    margin: float


@dataclass(frozen=True)
class Decision:
    """`identity` is empty for a stranger. `score` is the best match's, `margin` its lead over the next identity, `nearest` whose it is."""

    identity: str
    nearest: str
    sample: str
    score: float
    margin: float
    threshold: float


def threshold(size: int, thresholds: Thresholds) -> float:
    """The least score that is believed in a gallery of `size` identities."""
    return thresholds.score + thresholds.growth * math.log10(max(size, 1))


def decide(matches: Sequence[Match], size: int, thresholds: Thresholds) -> Decision:
    """`matches` are the best samples, of whichever identities; `size` is how many identities were searched."""
    least = threshold(size, thresholds)
    best = best_of_each(matches)
    if not best:
        return Decision("", "", "", 0.0, 0.0, least)
    first = best[0]
    margin = first.score - (best[1].score if len(best) > 1 else 0.0)
    known = first.score >= least and margin >= thresholds.margin
    return Decision(first.identity if known else "", first.identity, first.sample, first.score, margin, least)


def best_of_each(matches: Sequence[Match]) -> list[Match]:
    """The best sample of each identity, the best identity first."""
    best: dict[str, Match] = {}
    for match in sorted(matches, key=lambda match: (-match.score, match.identity, match.sample)):
        best.setdefault(match.identity, match)
    return list(best.values())
