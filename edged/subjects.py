"""Message type <-> NATS subject: `edged.v1.<site>.<node>.<camera>.<kind>`."""

import re
from typing import NamedTuple

from edged import messages as m

PREFIX = "edged.v1"
NODE_ITSELF = "_"  # the camera token of what a node says of itself

KINDS: dict[type[m.Message], str] = {
    m.Detections: "detections",
    m.CameraHealth: "health",
    m.NodeHealth: "health",
    m.CameraStateChanged: "state",
    m.TrackStarted: "track",
    m.TrackEnded: "track",
    m.LineCrossed: "crossing",
    m.CountCorrected: "crossing",
    m.ZoneEntered: "zone",
    m.ZoneLeft: "zone",
    m.ZoneDwelled: "zone",
    m.CapacityChanged: "zone",
    m.Snapshot: "snapshots",
    m.AlertRaised: "alert",
    m.ClipReady: "clip",
    m.AlertAcknowledged: "alert",
    m.PpeLooked: "ppe",
    m.PpeChecked: "ppe",
    m.CropTaken: "crop",
    m.PersonTaken: "person",
    m.FaceSeen: "face",
    m.FaceIdentified: "face",
    m.IdentityChanged: "face",
    m.PersonErased: "face",
}
FACT_KINDS = ("state", "track", "crossing", "zone", "alert", "clip")
PICTURE_KINDS = ("snapshots",)
PPE_KINDS = ("ppe",)
FACE_KINDS = ("face",)
WORK_KINDS = ("crop", "person")

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Address(NamedTuple):
    """Which camera; the parts are subject tokens."""

    site: str
    node: str
    camera: str

    def __str__(self) -> str:
        return f"{self.site}.{self.node}.{self.camera}"

    def is_called(self, name: str) -> bool:
        """Whether `name` is `camera`, `node.camera` or `site.node.camera` of it."""
        return f".{self}".endswith(f".{name}")


def token(text: str) -> str:
    """`text` itself if it can be one token of a subject; ValueError otherwise."""
    if not _TOKEN.fullmatch(text):
        raise ValueError(f"{text!r} is not a name: use 1 to 64 of A-Z a-z 0-9 _ -")
    return text


def of(message: m.Message) -> str:
    return on(Address(message.site, message.node, message.camera), KINDS[type(message)])


def on(address: Address, kind: str) -> str:
    return f"{PREFIX}.{address.site}.{address.node}.{address.camera}.{kind}"


def every(kind: str, site: str = "*", node: str = "*", camera: str = "*") -> str:
    return f"{PREFIX}.{site}.{node}.{camera}.{kind}"


def parse(subject: str) -> tuple[Address, str]:
    """(address, kind) of one of our subjects; ValueError for anything else."""
    parts = subject.split(".")
    if len(parts) != 6 or not subject.startswith(PREFIX + "."):
        raise ValueError(f"not a subject of ours: {subject!r}")
    return Address(*parts[2:5]), parts[5]
