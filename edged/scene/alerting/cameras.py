"""A camera is not running although it should."""

from datetime import datetime, timedelta

from edged.messages import CameraStateChanged
from edged.scene.alerting.findings import Finding, Heard, address_of
from edged.scene.alerting.lasting import Lasting
from edged.scene.alerting.triggers import NONE
from edged.subjects import Address

_BEFORE = ("running", "stopped", None)


class Offline:
    """From the first state that is not `running` until `running`, or until it is switched off.

    What begins when the daemon starts is reckoned from then on: nobody watched before.
    """

    quiet = NONE

    def __init__(self, min_time: float, began: datetime) -> None:
        self.memory = timedelta(seconds=min_time)
        self._outages: Lasting[Address] = Lasting(began)
        self.due, self.next_due = self._outages.due, self._outages.next_due

    def hear(self, fact: Heard) -> list[Finding]:
        if not isinstance(fact, CameraStateChanged):
            return []
        if fact.status in ("running", "stopped"):
            return self._outages.end(address_of(fact), fact.time)
        if fact.previous in _BEFORE:
            return self._outages.begin(address_of(fact), self._found(fact), fact.time)
        return []

    def _found(self, fact: CameraStateChanged) -> Finding:
        seconds = self.memory.total_seconds()
        why = f": {fact.detail}" if fact.detail else ""
        return Finding(
            time=fact.time + self.memory, address=address_of(fact), of=fact.id, subject=str(address_of(fact)),
            message=f"{fact.camera} has been offline for {seconds:g} s{why}", since=fact.time, value=seconds, threshold=seconds,
        )  # fmt: skip
