"""Somebody was recognised."""

from collections.abc import Container

from edged.messages import FaceIdentified
from edged.rules import Identified
from edged.scene.alerting.findings import Finding, Heard, address_of, of_track


def identified(fact: Heard, when: Identified, labels: Container[str]) -> Finding | None:
    """What takes a name back is no finding. The message names nobody, as facts do: `subject` says which identity it is."""
    if not isinstance(fact, FaceIdentified) or not fact.identity or fact.label.lower() not in labels:
        return None
    if when.identities and fact.identity not in when.identities:
        return None
    if not when.identities and not _is_meant(fact, when):
        return None
    subject = f"{address_of(fact)}.identity.{fact.identity}"
    return of_track(fact, f"{_called(fact)} at {fact.camera}")._replace(
        since=fact.since, subject=subject, snapshot=fact.snapshot or None, value=fact.score
    )


def _is_meant(fact: FaceIdentified, when: Identified) -> bool:
    match when.who:
        case "watched":
            return fact.watched
        case "known":
            return fact.status == "known"
        case "unknown":
            return fact.status == "unregistered"
        case "anybody":
            return True


def _called(fact: FaceIdentified) -> str:
    if fact.watched:
        return f"{fact.label} on the watch list"
    return f"{'unknown' if fact.status == 'unregistered' else 'known'} {fact.label}"
