"""From several looks at a track to who that is. Pure."""

from collections import Counter, OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edged.config import Recognition
from edged.identities import Face
from edged.identity.decide import Decision
from edged.subjects import Address

By = Literal["face", "body"]
Vector = NDArray[np.float32]

WINDOW = 9  # looks that count, the newest
GONE = 5  # usable faces in a row that are not theirs, after which a name is taken back
CERTAIN = 0.15  # above the threshold, and ahead of the next identity: such a look counts twice
KEPT = 5  # portraits of a stranger
AFTER_END = 60.0  # seconds for which looks may come late
IDLE = 600.0  # seconds without a look after which a track is forgotten, though nobody said that it ended
MOST = 5_000  # tracks


class Said(NamedTuple):
    """An empty `identity` says that the track is nobody known. `shots` looks agree; the other numbers are of the best of them."""

    identity: str
    by: By
    score: float
    margin: float
    shots: int


class Portrait(NamedTuple):
    """A stranger's face that is good enough to know them again by."""

    face: Face
    vector: Vector
    time: datetime
    pts: int


NOBODY = Said("", "face", 0.0, 0.0, 0)


class Ballot:
    """The vote on one track. `said` is what holds now; `since` is the time of its first look."""

    def __init__(self, rules: Recognition, since: datetime) -> None:
        self.said = NOBODY
        self.since = since
        self.face_seen = False
        self.portraits: list[Portrait] = []
        self._rules = rules
        self._faces: deque[Decision] = deque(maxlen=WINDOW)
        self._bodies: deque[Decision] = deque(maxlen=WINDOW)
        self._misses = 0
        self._counted: deque[int] = deque(maxlen=2 * WINDOW)

    def is_new(self, pts: int) -> bool:
        """Whether the look at this frame was not counted yet; from now on it is."""
        if pts in self._counted:
            return False
        self._counted.append(pts)
        return True

    def face(self, decision: Decision, portrait: Portrait) -> Said | None:
        """Counts a usable face; what is to be said now, if it is another identity than before."""
        self._misses = 0
        self._faces.append(decision)
        if not decision.identity and portrait.face.quality >= self._rules.unknown_quality:
            best_first = sorted([*self.portraits, portrait], key=lambda one: -one.face.quality)
            self.portraits = best_first[:KEPT]
        return self._become(self._by_face())

    def no_face(self, body: Decision | None) -> Said | None:
        """Counts a look without a usable face; `body` is whose figure it is, by those remembered."""
        wanted = self.wants_body
        self._misses += 1
        if body is None or not wanted or any(face.identity not in ("", body.identity) for face in self._faces):
            return None
        self._bodies.append(body)
        newest = list(self._bodies)[-self._rules.votes :]
        agreed = {decision.identity for decision in newest}
        if len(newest) < self._rules.votes or len(agreed) > 1 or not body.identity:
            return None
        best = max(newest, key=lambda decision: decision.score)
        return self._become(Said(body.identity, "body", best.score, best.margin, len(newest)))

    @property
    def wants_body(self) -> bool:
        """Whether a figure would be counted if the next look had no face. Once faces have spoken, they have the last word."""
        return len(self._faces) < self._rules.votes and self._misses + 1 >= self._rules.body_after

    @property
    def is_stranger(self) -> bool:
        """Whether the face was seen well often enough, and is nobody's."""
        matched = any(decision.identity for decision in self._faces)
        return not self.said.identity and not matched and len(self.portraits) >= self._rules.unknown_looks

    def settle(self, said: Said) -> Said | None:
        """Says who the stranger is, or has become."""
        self.portraits = []
        return self._become(said)

    def _by_face(self) -> Said:
        weights: Counter[str] = Counter()
        for decision in self._faces:
            if decision.identity:
                weights[decision.identity] += 2 if _is_certain(decision) else 1
        newest = list(self._faces)
        strangers = self._rules.votes if self.said.by == "body" else GONE
        if not any(decision.identity for decision in newest[-strangers:]) and len(newest) >= strangers:
            return NOBODY
        leader, weight = max(
            weights.items(), key=lambda item: (item[1], item[0] == self.said.identity), default=("", 0)
        )
        if leader == self.said.identity or weight < self._rules.votes or weight <= weights[self.said.identity]:
            return self.said
        if sum(other == weight for other in weights.values()) > 1:
            return self.said
        theirs = [decision for decision in newest if decision.identity == leader]
        best = max(theirs, key=lambda decision: decision.score)
        return Said(leader, "face", best.score, best.margin, len(theirs))

    def _become(self, said: Said) -> Said | None:
        before, self.said = self.said, said
        return said if said.identity != before.identity else None


class TrackKey(NamedTuple):
    address: Address
    session: str
    track: int


@dataclass
class _Kept:
    ballot: Ballot
    at: float
    ended: bool = False


class Ballots:
    """The votes on all tracks of a box, bounded in number and time. `at` is monotonic seconds."""

    def __init__(self, rules: Recognition) -> None:
        self._rules = rules
        self._kept: OrderedDict[TrackKey, _Kept] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def of(self, key: TrackKey, time: datetime, at: float) -> Ballot:
        self._forget(at)
        kept = self._kept.setdefault(key, _Kept(Ballot(self._rules, time), at))
        kept.at = at
        self._kept.move_to_end(key)
        return kept.ballot

    def end(self, key: TrackKey) -> None:
        """The track is over; looks at it may still be under way."""
        if key in self._kept:
            self._kept[key].ended = True

    def shown(self, address: Address, but: TrackKey) -> set[str]:
        """Who is in the sight of this camera now, by their face, as another track: nobody is there twice."""
        return {
            kept.ballot.said.identity
            for key, kept in self._kept.items()
            if key.address == address and key != but and not kept.ended and kept.ballot.said.by == "face"
        } - {""}

    def _forget(self, at: float) -> None:
        while self._kept:
            key, oldest = next(iter(self._kept.items()))
            if len(self._kept) < MOST and at - oldest.at < (AFTER_END if oldest.ended else IDLE):
                return
            del self._kept[key]


def of_one(portraits: list[Portrait], score: float) -> list[Portrait]:
    """Those that show one person: the most that are like one of them, with a cosine of at least `score`."""
    groups = ([other for other in portraits if float(one.vector @ other.vector) >= score] for one in portraits)
    return max(groups, key=len, default=[])


def _is_certain(decision: Decision) -> bool:
    return decision.score >= decision.threshold + CERTAIN and decision.margin >= CERTAIN
