"""Boxes to tracks: ByteTrack (arXiv 2110.06864) on a clock instead of a frame counter.

From the paper: boxes that score high are matched first, to all confirmed tracks; boxes that score low may only carry on a track seen a
moment ago; what is left and scores well begins a tentative track, believed after `confirm` detections in a row.
Not from it: motion is in seconds (see `kalman`), so any and varying frame rates track alike; leftovers get a second look with
grown boxes, C-BIoU's cascade (arXiv 2211.14317), which finds what moved by most of its own width between two looks;
a track keeps the class of most of its score, and classes of one group (car and truck) may match.
The first frame confirms nothing on its own: a camera that reconnects would state every false alarm as a fact.
"""

from typing import NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from edged import config
from edged.vision import boxes, kalman
from edged.vision.assignment import assign
from edged.vision.detections import Found, Ints
from edged.vision.glimpses import Glimpses

Corners = tuple[float, float, float, float]
Mask = NDArray[np.bool_]
Rows = NDArray[np.void]

# Least overlap (times score, where scores are high) for a match, in the order of the passes: the paper's 0.2, 0.5 and 0.3.
_HIGH, _LOW, _TENTATIVE = 0.2, 0.5, 0.3
_GROWTH = 0.4  # of width and height on each side; between C-BIoU's two buffers
_RECENT = 1.0  # seconds after which a grown box says too little
_NOBODY = -1

_ROW = np.dtype(
    [
        ("belief", np.float64, (5, 4)),
        ("born", np.float64, 4),  # the first box, as corners
        ("first", np.float64),
        ("last", np.float64),
        ("id", np.int64),  # 0 while tentative
        ("hits", np.int64),
        ("seen", np.bool_),
        ("score", np.float64),
        ("class", np.int32),
        ("votes", np.float64),
    ]
)


class Glimpse(NamedTuple):
    """Where something was: a time in seconds, and a box as that of `Tracked`."""

    at: float
    box: Corners


class Tracked(Struct, frozen=True, gc=False):
    """One object. `label` is the class; `box` is x1, y1, x2, y2 in fractions of the picture, smoothed, and may stick out of it a little.

    The times are those given to the tracker, in seconds.
    """

    id: int
    label: int
    score: float
    box: Corners
    first_seen: float
    last_seen: float


class Update(Struct, frozen=True):
    """`tracks`: the confirmed ones that are in this frame; `started`: those of them that are new; `ended`: those given up, as last seen.

    `births`: for each of `started` what was seen of it before it was believed, oldest first. That begins with boxes that scored too low to
    begin a track: who comes in fast has often half crossed the picture by the first good look.
    """

    tracks: tuple[Tracked, ...]
    started: tuple[Tracked, ...]
    ended: tuple[Tracked, ...]
    births: tuple[tuple[Glimpse, ...], ...] = ()


class Tracker:
    """The tracks of one session of one camera. `aspect` is width by height of the picture; `groups[c]` is the group of class c.

    Ids count from `first_id`; `next_id` is the one the next track will get.
    """

    def __init__(self, settings: config.Tracking, aspect: float, groups: Ints, first_id: int = 1) -> None:
        self._settings = settings
        self._scale = np.array([aspect, 1.0, aspect, 1.0])
        self._groups = groups
        self._rows: Rows = np.empty(0, _ROW)
        self._glimpses = Glimpses()
        self.next_id = first_id

    @property
    def settled(self) -> bool:
        """Whether every track is confirmed, so that a picture which has not changed can tell nothing new."""
        return bool((self._rows["id"] > 0).all())

    def update(self, found: Found, time: float) -> Update:
        """The tracks after `found` was seen at `time`, which never runs backwards."""
        corners = found.boxes * self._scale
        rows = self._rows.copy()
        belief = kalman.predict(rows["belief"], time - rows["last"])
        match = _Matching(
            self._settings, rows, boxes.cornered(belief[:, kalman.VALUE]), self._groups, found, corners, time
        ).match()
        seen = match != _NOBODY
        rows["seen"] = seen
        rows[seen] = _carried_on(rows[seen], belief[seen], found.where(match[seen]), corners[match[seen]], time)
        free = found.scores >= self._settings.new_score
        free[match[seen]] = False
        self._rows = np.concatenate([rows, _begun(found.where(free), corners[free], time)]) if free.any() else rows
        unused = ~free
        unused[match[seen]] = False
        self._glimpses.keep(time, corners[unused], self._groups[found.classes[unused]])
        started, births = self._confirm()
        return Update(self._tracks(), started, self._give_up(time), births)

    def hold(self, time: float) -> Update:
        """The picture at `time` is the one of the last update: what was there still is, and nothing moved."""
        self._rows["last"][self._rows["seen"]] = time
        return Update(self._tracks(), (), self._give_up(time))

    def _confirm(self) -> tuple[tuple[Tracked, ...], tuple[tuple[Glimpse, ...], ...]]:
        rows = self._rows
        new = np.flatnonzero((rows["id"] == 0) & (rows["hits"] >= self._settings.confirm))
        if not len(new):
            return (), ()
        rows["id"][new] = np.arange(self.next_id, self.next_id + len(new))
        self.next_id += len(new)
        return self._told(rows[new]), tuple(self._birth(row) for row in rows[new])

    def _birth(self, row: np.void) -> tuple[Glimpse, ...]:
        first = float(row["first"])
        before = self._glimpses.before(first, row["born"], int(self._groups[row["class"]]))
        return tuple(Glimpse(at, tuple((box / self._scale).tolist())) for at, box in (*before, (first, row["born"])))

    def _tracks(self) -> tuple[Tracked, ...]:
        return self._told(self._rows[self._rows["seen"] & (self._rows["id"] > 0)])

    def _give_up(self, time: float) -> tuple[Tracked, ...]:
        rows = self._rows
        confirmed = rows["id"] > 0
        over = np.where(confirmed, time - rows["last"] > self._settings.keep_lost, ~rows["seen"])
        if not over.any():
            return ()
        self._rows = rows[~over]
        return self._told(rows[over & confirmed])

    def _told(self, rows: Rows) -> tuple[Tracked, ...]:
        where = boxes.cornered(rows["belief"][:, kalman.VALUE]) / self._scale
        names = ("id", "class", "score", "first", "last")
        ids, classes, scores, firsts, lasts = (rows[name].tolist() for name in names)
        corners = map(tuple, where.tolist())
        return tuple(map(Tracked, ids, classes, scores, corners, firsts, lasts))


class _Matching:
    """Which box goes on with which track, in one frame."""

    def __init__(
        self,
        settings: config.Tracking,
        rows: Rows,
        expected: boxes.Boxes,
        groups: Ints,
        found: Found,
        corners: boxes.Boxes,
        time: float,
    ) -> None:
        self._rows, self._expected, self._corners = rows, expected, corners
        self._scores = found.scores
        self._same = groups[rows["class"]][:, None] == groups[found.classes]
        self._confirmed = rows["id"] > 0
        self._recent = time - rows["last"] <= _RECENT
        self._high = found.scores >= settings.high_score
        self._low = ~self._high & (found.scores >= settings.low_score)
        self._match = np.full(len(rows), _NOBODY, np.intp)

    def match(self) -> NDArray[np.intp]:
        """For every track the index of its box, or -1."""
        near = boxes.overlap(self._expected, self._corners) * self._same
        self._take(self._confirmed, self._high, near * self._scores - _HIGH)
        self._take(self._confirmed & self._rows["seen"], self._low, near - _LOW)
        if self._high.any() and (self._match == _NOBODY).any():
            wide = boxes.overlap(boxes.grown(self._expected, _GROWTH), boxes.grown(self._corners, _GROWTH))
            wide *= self._same * self._scores
            self._take(self._confirmed & self._recent, self._high, wide - _HIGH)
            self._take(~self._confirmed, self._high, wide - _TENTATIVE)
        return self._match

    def _take(self, tracks: Mask, found: Mask, weights: NDArray[np.float64]) -> None:
        """Assigns among `tracks` and `found` that are still free."""
        rows, columns = np.flatnonzero(tracks & (self._match == _NOBODY)), np.flatnonzero(found)
        if not len(rows) or not len(columns):
            return
        r, c = assign(weights[rows[:, None], columns])
        self._match[rows[r]] = columns[c]
        found[columns[c]] = False


def _carried_on(rows: Rows, belief: kalman.Belief, found: Found, corners: boxes.Boxes, time: float) -> Rows:
    rows["belief"] = kalman.correct(belief, boxes.centred(corners))
    rows["last"] = time
    rows["hits"] += 1
    rows["score"] = found.scores
    # Boyer and Moore's majority vote, weighted: the winner needs no table of all classes.
    rows["votes"] += np.where(rows["class"] == found.classes, found.scores, -found.scores)
    outvoted = rows["votes"] < 0.0
    rows["class"][outvoted] = found.classes[outvoted]
    np.abs(rows["votes"], out=rows["votes"])
    return rows


def _begun(found: Found, corners: boxes.Boxes, time: float) -> Rows:
    rows = np.zeros(len(found), _ROW)
    rows["belief"] = kalman.born(boxes.centred(corners))
    rows["born"] = corners
    rows["first"] = rows["last"] = time
    rows["hits"] = 1
    rows["seen"] = True
    rows["score"] = rows["votes"] = found.scores
    rows["class"] = found.classes
    return rows
