"""A zone or a counter comes to its limits."""

from edged.messages import CapacityChanged, Fullness
from edged.rules import Capacity
from edged.scene.alerting.findings import Finding, Heard, address_of

RANK: dict[Fullness, int] = {"ok": 0, "warn": 1, "full": 2}


def reached(fact: Heard, when: Capacity) -> Finding | None:
    """It is as full as the rule says, or fuller, and was not before."""
    if not isinstance(fact, CapacityChanged) or (fact.of, fact.name) != (when.of, when.name):
        return None
    if not RANK[fact.previous] < RANK[when.state] <= RANK[fact.state]:
        return None
    zone = fact.of == "zone"
    limit = fact.max_capacity if fact.state == "full" else fact.warn_threshold
    where = f" at {fact.camera}" if zone else ""
    word = "is full" if fact.state == "full" else "fills up"
    return Finding(
        time=fact.time, address=address_of(fact), of=fact.id,
        subject=f"{address_of(fact)}.zone.{fact.name}" if zone else f"{fact.site}.counter.{fact.name}",
        message=f"{fact.name}{where} {word}: {fact.occupancy} inside, the limit is {limit}", since=fact.time,
        zone=fact.name if zone else "", value=fact.occupancy, threshold=limit,
    )  # fmt: skip
