"""Somebody crosses a line, perhaps the wrong way."""

from collections.abc import Container

from edged.messages import LineCrossed
from edged.rules import Crossing, WrongWay
from edged.scene.alerting.findings import Finding, Heard, of_track


def crossed(fact: Heard, when: Crossing, labels: Container[str]) -> Finding | None:
    if not isinstance(fact, LineCrossed) or fact.label.lower() not in labels or not passes(fact, when):
        return None
    message = f"{fact.label} crossed {fact.line} ({fact.direction}) at {fact.camera}"
    return of_track(fact, message)._replace(line=fact.line)


def wrong_way(fact: Heard, when: WrongWay, labels: Container[str]) -> Finding | None:
    if not isinstance(fact, LineCrossed) or fact.label.lower() not in labels:
        return None
    if fact.line != when.line or fact.direction == when.allowed:
        return None
    message = f"{fact.label} crossed {fact.line} the wrong way ({fact.direction}) at {fact.camera}"
    return of_track(fact, message)._replace(line=fact.line)


def passes(fact: LineCrossed, when: Crossing) -> bool:
    """Whether it is that line, and that direction."""
    return when.line in ("", fact.line) and when.direction in (None, fact.direction)
