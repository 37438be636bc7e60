"""Somebody is without what must be worn."""

from collections.abc import Container

from edged.messages import PpeChecked
from edged.rules import Missing
from edged.scene.alerting.findings import Finding, Heard, of_track


def missing(fact: Heard, when: Missing, labels: Container[str]) -> Finding | None:
    """`not_visible` is no alert: nobody knows."""
    if not isinstance(fact, PpeChecked) or fact.label.lower() not in labels:
        return None
    wanted = {item.lower() for item in when.items}
    lacking = [
        each.item for each in fact.verdicts if each.verdict == "missing" and (not wanted or each.item.lower() in wanted)
    ]
    if not lacking:
        return None
    message = f"{fact.label} without {' and '.join(lacking)} at {fact.camera}"
    return of_track(fact, message)._replace(since=fact.since, snapshot=fact.snapshot)
