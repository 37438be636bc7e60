"""Tracks as a tracker would tell them, said in few words."""

from datetime import UTC, datetime, timedelta

from edged.scene.presence import Moment
from edged.vision.tracker import Tracked, Update

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
PERSON, CAR = 0, 1
LABELS = ("person", "car")


def at(seconds):
    return Moment(seconds, round(seconds * 90_000), NOON + timedelta(seconds=seconds))


def someone(id, x, y, seconds=0.0, label=PERSON):
    """A box 0.2 high and 0.1 wide whose lower edge has its middle at (x, y)."""
    return Tracked(id, label, 0.9, (x - 0.05, y - 0.2, x + 0.05, y), 0.0, seconds)


class Tracks:
    """Remembers who was there, to say who began."""

    def __init__(self):
        self._known = set()

    def now(self, *people, ended=()):
        started = tuple(one for one in people if one.id not in self._known)
        self._known |= {one.id for one in people}
        return Update(people, started, tuple(ended), tuple(() for _ in started))
