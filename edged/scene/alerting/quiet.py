"""Which alerts of a rule keep others from being told."""

import math
from datetime import datetime, timedelta

from edged.scene.alerting.recent import Recent


class Quiet:
    """Two alerts about a subject are never closer than `seconds`, whichever is heard first.

    Remembered are many, not only the last: after a long outage a whole day may be heard, and after a crash heard again, within seconds.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._told: Recent[tuple[str, int], tuple[datetime, datetime]] = Recent()  # first and last of each stretch

    def note(self, subject: str, when: datetime) -> None:
        if self.seconds:
            first, last = self._told.get(key := (subject, self._stretch(when)), (when, when))
            self._told[key] = min(first, when), max(last, when)

    def too_close(self, subject: str, when: datetime) -> bool:
        if not self.seconds:
            return False
        here, quiet = self._stretch(when), timedelta(seconds=self.seconds)
        near = (self._told.get((subject, stretch)) for stretch in (here - 1, here, here + 1))
        return any(told and told[0] - quiet < when < told[1] + quiet for told in near)

    def _stretch(self, when: datetime) -> int:
        return math.floor(when.timestamp() / self.seconds)
