"""What is learned from a picture: what its source says of it and what the teacher sees, weighed against each other."""

from typing import NamedTuple

import numpy as np

from models.train.gather import merging
from models.train.gather.merging import Corners, Labelled, Scored
from models.train.gather.outcomes import Outcome
from models.train.gather.sources import Source
from models.train.pictures import DOUBTFUL, PERSON

SOMEBODY = 0.3  # from which score on a picture that should show nobody shows somebody
SURE = 0.5  # a pseudo-label beside own boxes is a person
SURE_ALONE = 0.4  # where people are known to be
# Of rooms and things, taken at 0.4, one picture in ten had a bedpost or a coat for a person, with 0.44 to 0.7; people had 0.65 to 0.95.
SURE_UNEXPECTED = 0.65
_CROWD = 5  # doubtful ones; more of them than people, and most of a crowd is not labelled
_SEEN, _FAINTLY = 0.5, 0.4  # overlap


class Judged(NamedTuple):
    """`refused` says why nothing is learned from the picture. `agreed` of its own boxes the teacher sees, too."""

    refused: str
    boxes: list[Labelled]
    agreed: int = 0


def judged(source: Source, outcome: Outcome) -> Judged:
    """Of a picture that was taken in."""
    seen = np.array(outcome.seen, np.float64).reshape(-1, 5)
    own = None if outcome.own is None else np.array(outcome.own, np.float64).reshape(-1, 4)
    crowds = np.array(outcome.crowds, np.float64).reshape(-1, 4)
    if source.shows == "nobody":
        somebody = (seen[:, 4] >= SOMEBODY).any() or len(crowds) or (own is not None and len(own))
        return Judged("somebody is there" if somebody else "", [])
    if own is not None and source.believed == "seen":
        unseen = merging.overlaps(own, seen)[0].max(axis=1, initial=0) < _FAINTLY
        own, crowds = own[~unseen], np.concatenate([crowds, own[unseen]])
    boxes = merging.completed(own, crowds, seen, _sure(source, own))
    if own is None and not boxes and source.shows == "people":
        return Judged("nobody found", [])
    people, doubtful = (sum(box.flag == flag for box in boxes) for flag in (PERSON, DOUBTFUL))
    if own is None and doubtful > max(people, _CROWD):
        return Judged("an unlabelled crowd", [])
    return Judged("", boxes, _agreed(own, seen))


def _sure(source: Source, own: Corners | None) -> float:
    if own is not None:
        return SURE
    return SURE_ALONE if source.shows == "people" else SURE_UNEXPECTED


def _agreed(own: Corners | None, seen: Scored) -> int:
    if own is None:
        return 0
    return int((merging.overlaps(own, seen)[0].max(axis=1, initial=0) >= _SEEN).sum())
