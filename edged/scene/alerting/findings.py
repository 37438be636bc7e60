"""What a rule has found, before it is decided whether that is an alert."""

from datetime import datetime
from typing import NamedTuple

from edged.messages import (
    CameraStateChanged,
    CapacityChanged,
    FaceIdentified,
    LineCrossed,
    PpeChecked,
    TrackEnded,
    TrackStarted,
    ZoneEntered,
    ZoneLeft,
)
from edged.scene import shots
from edged.subjects import Address

OfTrack = TrackStarted | TrackEnded | LineCrossed | ZoneEntered | ZoneLeft | PpeChecked | FaceIdentified
Heard = OfTrack | CameraStateChanged | CapacityChanged
HEARD = (
    TrackStarted,
    TrackEnded,
    LineCrossed,
    ZoneEntered,
    ZoneLeft,
    PpeChecked,
    FaceIdentified,
    CameraStateChanged,
    CapacityChanged,
)


class TrackKey(NamedTuple):
    address: Address
    session: str
    track: int


class Finding(NamedTuple):
    """Something came true at `time`. `of` names it, and with the rule the alert: who finds it again finds the same name.

    `subject` is whom it is about, within which `suppress` counts.
    """

    time: datetime
    address: Address
    of: str
    subject: str
    message: str
    since: datetime
    session: str = ""
    track: int = 0
    label: str = ""
    snapshot: str | None = None
    zone: str = ""
    line: str = ""
    value: float | None = None
    threshold: float | None = None


def address_of(fact: Heard) -> Address:
    return Address(fact.site, fact.node, fact.camera)


def key_of(fact: OfTrack) -> TrackKey:
    return TrackKey(address_of(fact), fact.session, fact.track)


def track_subject(key: TrackKey) -> str:
    return f"{key.address}.track.{key.session}.{key.track}"


def of_track(fact: OfTrack, message: str) -> Finding:
    """That `fact` happened to its track."""
    key = key_of(fact)
    return Finding(
        time=fact.time, address=key.address, of=fact.id, subject=track_subject(key), message=message, since=fact.time,
        session=key.session, track=key.track, label=fact.label, snapshot=shots.key(*key),
    )  # fmt: skip
