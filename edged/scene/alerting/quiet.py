"""Which alerts were raised, and which others they keep from being told."""

from collections import deque
from datetime import datetime, timedelta

from edged.scene.alerting.recent import Recent

_TIMES = 32  # alerts about one subject that suppress others


class Quiet:
    """Two alerts of a rule about a subject are never closer than its time, whichever is heard first."""

    def __init__(self) -> None:
        self._decided: Recent[str, None] = Recent()
        self._told: Recent[tuple[str, str], deque[datetime]] = Recent()

    def decided(self, alert: str) -> bool:
        return alert in self._decided

    def decide(self, alert: str) -> None:
        """It was raised, or will not be."""
        self._decided[alert] = None

    def note(self, rule: str, subject: str, when: datetime) -> None:
        times = self._told.get((rule, subject), deque[datetime](maxlen=_TIMES))
        if when not in times:
            times.append(when)
        self._told[rule, subject] = times

    def too_close(self, rule: str, subject: str, when: datetime, quiet: timedelta) -> bool:
        return any(abs(when - other) < quiet for other in self._told.get((rule, subject), ()))
