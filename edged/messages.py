"""Everything that goes over NATS. `proto/` is generated from this file, and within v1 it only grows.

Frame traffic (`Detections`, `CameraHealth`, `NodeHealth`) is newest-wins and may be lost.
Facts carry an `id`; the same id twice is the same fact, and a consumer does nothing the second time.

Boxes are (x, y, w, h) as fractions of the picture, origin top left. `pts` counts 90 kHz ticks of the
stream's own clock since the session began and never runs backwards within a session; `time` is the wall clock in UTC.
A `session` is one uninterrupted opening of a camera: track ids and `pts` mean something only within it.
"""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

Fraction = Annotated[float, Meta(ge=0.0, le=1.0)]
Box = tuple[Fraction, Fraction, Fraction, Fraction]
Token = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")]

CameraStatus = Literal["connecting", "running", "stalled", "retrying", "stopped"]
Cause = Literal[
    "auth", "dns", "refused", "timeout", "unreachable", "not_found", "codec", "format", "ended", "stalled",
    "frozen", "device", "forbidden", "internal",
]  # fmt: skip
Time = Annotated[datetime, Meta(tz=True)]

Severity = Literal["info", "warning", "alarm"]
Direction = Literal["in", "out"]
Fullness = Literal["ok", "warn", "full"]
Saw = Literal["ok", "missing", "not_visible"]
IdentityStatus = Literal["known", "unregistered", "pending", "deleted"]
Item = Annotated[str, Meta(pattern=r"^[A-Za-z0-9 _-]{1,32}$")]
Point = tuple[Fraction, Fraction]


class Message(Struct, frozen=True, kw_only=True, tag_field="type"):
    """What every message says of its origin; the subject repeats it."""

    site: Token
    node: Token
    camera: Token
    time: Time


class Track(Struct, frozen=True, kw_only=True):
    """One object in one frame. `age` is in seconds since the track was first seen.

    `identity` is who it is, as an id of the gallery, and `name` what they are called; both empty for whoever was not recognised.
    """

    id: int
    label: str
    score: Fraction
    box: Box
    age: float
    identity: str = ""
    name: str = ""


class Timing(Struct, frozen=True, kw_only=True):
    """Milliseconds spent on one frame: waiting for its turn, input and inference, tracking; `age` from arrival to publishing."""

    wait: float
    infer: float
    track: float
    age: float


class Detections(Message, frozen=True, kw_only=True, tag="detections"):
    """The tracks of one frame. `held` says that the picture had not changed, so the boxes are those of the frame before."""

    session: str
    seq: int
    pts: int
    width: int
    height: int
    model: str
    held: bool
    timing: Timing
    tracks: tuple[Track, ...]


class Drops(Struct, frozen=True, kw_only=True):
    """Frames not looked at, by reason, since the daemon started."""

    replaced: int
    duplicate: int
    still: int
    stale: int


class CameraHealth(Message, frozen=True, kw_only=True, tag="camera_health"):
    """How a camera does, once a second. `bitrate` is in bits per second; `decoder` says why it is the one in use.

    `video` is how its picture reaches a viewer: `passthrough`, or `transcoded` and why.
    """

    status: CameraStatus
    cause: Cause | None
    detail: str
    retry_in: float | None
    session: str
    codec: str
    decoder: str
    width: int
    height: int
    fps: float
    detect_fps: float
    bitrate: float
    frames: int
    inferred: int
    drops: Drops
    reconnects: int
    age_ms: float
    detection: bool
    video: str = ""


class NodeHealth(Message, frozen=True, kw_only=True, tag="node_health"):
    """How a box does, once a second; its `camera` token is `_`. `cpu` is in cores, `rss` in bytes.

    `notices` are good to know; `troubles` keep it from its work until somebody does something about them.
    """

    version: str
    uptime: float
    cameras: int
    model: str
    runtime: str
    device: str
    detector_busy: float
    cpu: float
    rss: int
    loop_lag_ms: float
    outbox_pending: int
    notices: tuple[str, ...]
    troubles: tuple[str, ...] = ()


class Fact(Message, frozen=True, kw_only=True):
    id: str


class CameraStateChanged(Fact, frozen=True, kw_only=True, tag="state"):
    status: CameraStatus
    previous: CameraStatus | None
    cause: Cause | None
    detail: str


class TrackStarted(Fact, frozen=True, kw_only=True, tag="track_started"):
    """A track is confirmed. `first_seen` is when its first box was seen, a little before `time`."""

    session: str
    track: int
    pts: int
    label: str
    score: Fraction
    box: Box
    first_seen: Time


class TrackEnded(Fact, frozen=True, kw_only=True, tag="track_ended"):
    """A track is over. `path` holds (seconds since first_seen, x, y) of the box's bottom centre, thinned to at most 64 points."""

    session: str
    track: int
    pts: int
    label: str
    score: Fraction
    first_seen: Time
    last_seen: Time
    path: tuple[tuple[float, float, float], ...]


class Snapshot(Fact, frozen=True, kw_only=True, tag="snapshot"):
    """Says what a best-shot JPEG shows; it travels in the `Edged-Meta` header, the picture is the payload.

    A later snapshot of the same track is a better one; `key` names the picture in the object store.
    """

    session: str
    track: int
    pts: int
    label: str
    score: Fraction
    box: Box
    width: int
    height: int
    quality: float
    key: str


class AlertRaised(Fact, frozen=True, kw_only=True, tag="alert"):
    """A rule came true. `since` is when its subject was first seen; `snapshot` is the key of its picture.

    `kind` is the type of the rule's trigger, and `subject` whom the alert is about: within `suppress` it is not told again. Alerts of a counter
    have the camera token `_`. `value` reached `threshold`, where there is one. `wants_clip` says whether a clip is worth its room.
    """

    rule: str
    severity: Severity
    label: str
    session: str
    track: int
    since: Time
    message: str
    snapshot: str | None
    kind: str = ""
    subject: str = ""
    zone: str = ""
    line: str = ""
    value: float | None = None
    threshold: float | None = None
    wants_clip: bool = True


class AlertAcknowledged(Fact, frozen=True, kw_only=True, tag="alert_acknowledged"):
    """Somebody has seen the alert with the id `alert`. The first one to say so counts."""

    alert: str
    by: str
    note: str


class ClipReady(Fact, frozen=True, kw_only=True, tag="clip"):
    """The clip of an alert is complete. It begins at `since` with the frame of `pts`; `GET /api/clips/{key}` has it."""

    alert: str
    session: str
    pts: int
    since: Time
    seconds: float
    bytes: int
    codec: str
    key: str


class LineCrossed(Fact, frozen=True, kw_only=True, tag="line_crossed"):
    """An object passed a line, as docs/crossings.md defines it. `time`, `pts` and `point` are where its path met the line.

    `in` is from the left of the line to its right, looking from its first point to its last; a reversed line swaps both.
    """

    session: str
    track: int
    pts: int
    label: str
    score: Fraction
    line: Token
    direction: Direction
    point: Point


class CountCorrected(Fact, frozen=True, kw_only=True, tag="count_corrected"):
    """Somebody says that a count was wrong by so much. `of` line: line `name` of the camera; `of` counter: counter `name` of the site, camera token `_`."""

    of: Literal["line", "counter"]
    name: Token
    delta_in: int
    delta_out: int
    by: str
    reason: str


class ZoneEntered(Fact, frozen=True, kw_only=True, tag="zone_entered"):
    """An object came into a zone, or was first seen in it. `inside` is how many are in it now."""

    session: str
    track: int
    pts: int
    label: str
    score: Fraction
    zone: Token
    point: Point
    inside: int


class ZoneLeft(Fact, frozen=True, kw_only=True, tag="zone_left"):
    """An object that was in a zone since `entered` left it, or its track ended there. `dwell` is in seconds, `inside` how many stay."""

    session: str
    track: int
    pts: int
    label: str
    score: Fraction
    zone: Token
    entered: Time
    dwell: float
    inside: int


class ZoneDwelled(Fact, frozen=True, kw_only=True, tag="zone_dwelled"):
    """An object has been in a zone for `threshold` seconds; said once for each stay."""

    session: str
    track: int
    pts: int
    label: str
    score: Fraction
    zone: Token
    entered: Time
    threshold: float


class CapacityChanged(Fact, frozen=True, kw_only=True, tag="capacity_changed"):
    """A zone of the camera, or a counter of the site (camera token `_`), became as full as `state` says. A limit of 0 is none."""

    of: Literal["zone", "counter"]
    name: Token
    occupancy: int
    warn_threshold: int
    max_capacity: int
    state: Fullness
    previous: Fullness


class CropTaken(Fact, frozen=True, kw_only=True, tag="crop"):
    """A job: says what a JPEG of one object shows, cut from the frame at its full size; it travels in the `Edged-Meta` header, the picture is the payload.

    `box` is the object and `area` the crop, both in the picture. `wanted` is who may judge it, `items` what is to be looked for.
    The looks of one `round` belong together; a track that stays is judged again in the next round.
    """

    wanted: Literal["ppe"]
    session: str
    track: int
    round: int
    pts: int
    label: str
    score: Fraction
    box: Box
    area: Box
    width: int
    height: int
    items: tuple[Item, ...]


class PersonTaken(Fact, frozen=True, kw_only=True, tag="person"):
    """A job: says what a JPEG of one person shows, to be recognised; it travels in the `Edged-Meta` header, the picture is the payload.

    `box` is the person and `area` the crop, both in the picture. `body` says that the whole figure is to be looked at, too.
    """

    session: str
    track: int
    pts: int
    label: str
    score: Fraction
    box: Box
    area: Box
    width: int
    height: int
    body: bool


class FaceSeen(Fact, frozen=True, kw_only=True, tag="face_seen"):
    """A track's first face that is good enough to be recognised by. `face` is its box in the picture, `quality` 0 to 1."""

    session: str
    track: int
    pts: int
    label: str
    face: Box
    quality: Fraction


class FaceIdentified(Fact, frozen=True, kw_only=True, tag="face_identified"):
    """Who a track is: said when it is first known, and again when that changes. An empty `identity` takes back what was said.

    `score` is the cosine similarity of the best match, `margin` its lead over the next identity, `shots` how many looks agree.
    `previous` is the identity that was said before, `watched` says that this one was on the watch list then.
    Facts name nobody: what an identity is called is in the gallery alone.
    """

    session: str
    track: int
    pts: int
    label: str
    identity: str
    status: IdentityStatus
    by: Literal["face", "body"]
    score: float
    margin: float
    shots: int
    previous: str
    since: Time
    snapshot: str
    watched: bool = False


class IdentityChanged(Fact, frozen=True, kw_only=True, tag="identity_changed"):
    """Somebody, or edged itself, changed the gallery; the camera token is `_`. `detail` never holds a name."""

    identity: str
    change: Literal[
        "created", "enrolled", "renamed", "status", "merged", "split", "sample_removed", "deleted", "erased"
    ]
    by: str
    detail: str


class PersonErased(Fact, frozen=True, kw_only=True, tag="person_erased"):
    """Nothing of a person is to be left: each box removes what it has of these `tracks`, written `site.node.camera/session/track`; the camera token is `_`.

    They were the identities `identities`. `alerts`, written `site.node.camera/id`, are those that were raised of them.
    """

    identities: tuple[str, ...]
    tracks: tuple[str, ...]
    alerts: tuple[str, ...]


class PpeLooked(Fact, frozen=True, kw_only=True, tag="ppe_looked"):
    """What a worker saw in one crop, by item; `by` names the classifier. `id` is the crop's with `.look`."""

    session: str
    track: int
    round: int
    pts: int
    label: str
    saw: dict[Item, Saw]
    by: str


class PpeVerdict(Struct, frozen=True, kw_only=True):
    """Of one item: the verdict, and in how many looks it was seen so."""

    item: Item
    verdict: Saw
    ok: int
    missing: int
    not_visible: int


class PpeChecked(Fact, frozen=True, kw_only=True, tag="ppe_checked"):
    """Whether somebody wears what the camera requires, by vote over several looks. `since` is the first of them, `snapshot` the key of a picture."""

    session: str
    track: int
    round: int
    pts: int
    label: str
    since: Time
    verdicts: tuple[PpeVerdict, ...]
    snapshot: str


FrameTraffic = Detections | CameraHealth | NodeHealth
CrossingFact = LineCrossed | CountCorrected
ZoneFact = ZoneEntered | ZoneLeft | ZoneDwelled | CapacityChanged
AlertFact = AlertRaised | AlertAcknowledged
PpeFact = PpeLooked | PpeChecked
FaceFact = FaceSeen | FaceIdentified | IdentityChanged | PersonErased
AnyFact = (
    CameraStateChanged
    | TrackStarted
    | TrackEnded
    | Snapshot
    | AlertFact
    | ClipReady
    | CrossingFact
    | ZoneFact
    | PpeFact
    | FaceFact
)
AnyJob = CropTaken | PersonTaken
AnyMessage = FrameTraffic | AnyFact | AnyJob
