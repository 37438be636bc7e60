"""edged.toml as one Struct tree. Defaults stand here only; every component is given its own part.

`edged/settings.py` reads the file; this module holds nothing but the shape.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from edged.messages import Fraction, Item, Point, Severity, Token
from edged.rules import AlertRule

Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
Count = Annotated[int, Meta(ge=1)]
Limit = Annotated[int, Meta(ge=0, description="Objects; 0: no limit.")]
Anchor = Annotated[
    Literal["bottom_center", "center", "top_center"], Meta(description="The point of a box that stands for it.")
]
LineName = Annotated[str, Meta(pattern=r"^([A-Za-z0-9_-]{1,64}\.){1,2}[A-Za-z0-9_-]{1,64}$")]
Polygon = Annotated[tuple[Point, ...], Meta(min_length=3)]


class _Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file."""


class Nats(_Part, frozen=True, kw_only=True):
    url: Annotated[str, Meta(description="A nats-server of yours; empty starts our own on loopback.")] = ""
    binary: str = "nats-server"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port of our own server; 0 takes a free one.")] = 0
    facts_max_age_days: Positive = 400
    facts_max_bytes: Count = 2_000_000_000
    pictures_max_age_days: Positive = 30
    pictures_max_bytes: Count = 2_000_000_000
    ppe_max_age_days: Positive = 90
    ppe_max_bytes: Count = 200_000_000
    faces_max_age_days: Positive = 90
    faces_max_bytes: Count = 200_000_000
    work_max_age: Annotated[Positive, Meta(description="Seconds a job waits for a worker before it is given up.")] = (
        600.0
    )
    work_max_bytes: Count = 200_000_000


class Gateway(_Part, frozen=True, kw_only=True):
    enabled: bool = True
    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 8420
    websocket_clients: Count = 2000
    websocket_queue: Annotated[int, Meta(ge=1, description="Messages a slow client may lag before it is dropped.")] = (
        256
    )
    heartbeat: Positive = 15.0
    mjpeg_clients: Count = 32
    mjpeg_fps: Positive = 10.0
    mjpeg_quality: Annotated[int, Meta(ge=1, le=100)] = 75
    mjpeg_width: Count = 960
    max_body: Count = 1_000_000


class WebRtc(_Part, frozen=True, kw_only=True):
    """Video to browsers as the camera sent it. On one network nothing need be set; `stun` and `turn` are for viewers beyond a router."""

    enabled: bool = True
    sessions: Annotated[int, Meta(ge=1, description="Viewers of one camera each; more get pictures instead.")] = 64
    offers_per_minute: Annotated[int, Meta(ge=1, description="Of one client.")] = 240
    max_sdp: Annotated[int, Meta(ge=1000, description="Bytes of a session description.")] = 32_768
    stun: Annotated[str, Meta(pattern="^(stun:[^ ]+)?$", description="stun:host:port")] = ""
    turn: Annotated[
        str, Meta(pattern="^(turns?:[^ ]+)?$", description="turn:host:port, or turns:host:port?transport=tcp")
    ] = ""
    turn_user: str = ""
    turn_password: str = ""


class Publish(_Part, frozen=True, kw_only=True):
    """Sends a camera's H.264 on, as it is: RTP (a Janus mountpoint), an RTSP server that records, or a WHIP server."""

    camera: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){0,2}$", description="Its id, or site.node.id for another box's."
        ),
    ]
    url: Annotated[str, Meta(pattern=r"^(rtp|rtsps?|whip\+https?)://[^ ]+$")]
    token: Annotated[str, Meta(description="What a WHIP server takes as Bearer.")] = ""


class Janus(_Part, frozen=True, kw_only=True):
    """A Janus gateway whose streaming plugin shows cameras; the viewer reaches it through /janus."""

    url: Annotated[str, Meta(pattern="^(https?://[^ ]+)?$", description="Its HTTP API.")] = ""
    ws_url: Annotated[
        str, Meta(pattern="^(wss?://[^ ]+)?$", description="Its WebSocket API, which the viewer uses.")
    ] = ""
    secret: Annotated[str, Meta(description="api_secret of Janus; the viewer never sees it.")] = ""
    admin_key: Annotated[str, Meta(description="admin_key of the streaming plugin, to create mountpoints.")] = ""


class Auth(_Part, frozen=True, kw_only=True):
    api_key: str = ""
    worker_token: Annotated[str, Meta(description="For POST /api/alerts alone, by outside workers.")] = ""


class Detector(_Part, frozen=True, kw_only=True):
    model: Annotated[
        str,
        Meta(
            description="A card in models/, or `auto`: the one that comes with edged, else the best one that runs here."
        ),
    ] = "auto"
    models_dir: Annotated[str, Meta(description="Where model files lie; empty: under state_dir.")] = ""
    device: Literal["auto", "cpu", "gpu", "edgetpu"] = "auto"
    threads: Annotated[int, Meta(ge=1, le=64)] = 2
    pull: Annotated[
        bool, Meta(description="May the file of the model that is named be downloaded when it is not here.")
    ] = True


class LabelFilter(_Part, frozen=True, kw_only=True):
    """What one label must be to count. Heights and widths are fractions of the picture."""

    score: Fraction = 0.5
    min_height: Fraction = 0.0
    max_height: Fraction = 1.0
    min_width: Fraction = 0.0
    max_width: Fraction = 1.0


class Motion(_Part, frozen=True, kw_only=True):
    """The motion gate: a still picture is not inferred again, except every `recheck` seconds."""

    enabled: bool = True
    threshold: Annotated[int, Meta(ge=1, le=255, description="Change of a luma cell, of 255, that counts.")] = 12
    min_area: Annotated[Fraction, Meta(description="Share of the picture that must change.")] = 0.0015
    recheck: Positive = 2.0
    hold: Annotated[NotNegative, Meta(description="Seconds the gate stays open after the last motion.")] = 1.0


class Tracking(_Part, frozen=True, kw_only=True):
    """Names follow the ByteTrack paper: https://arxiv.org/abs/2110.06864."""

    high_score: Fraction = 0.5
    low_score: Fraction = 0.1
    new_score: Fraction = 0.6
    confirm: Annotated[int, Meta(ge=1, description="Detections before a track is believed.")] = 2
    keep_lost: Annotated[Positive, Meta(description="Seconds a track outlives its last detection.")] = 3.0


class Line(_Part, frozen=True, kw_only=True):
    """A line that is counted at, as docs/crossings.md defines it. `in` is from its left to its right, looking from its first point to its last."""

    id: Token
    points: Annotated[tuple[Point, ...], Meta(min_length=2, max_length=32)]
    name: str = ""
    anchor: Anchor = "bottom_center"
    reversed: Annotated[bool, Meta(description="Swaps `in` and `out`.")] = False
    labels: Annotated[tuple[str, ...], Meta(description="Labels or aliases it counts; empty: all.")] = ()


class Zone(_Part, frozen=True, kw_only=True):
    """An area whose visitors are told."""

    id: Token
    polygon: Annotated[tuple[Point, ...], Meta(min_length=3, max_length=64)]
    name: str = ""
    anchor: Anchor = "bottom_center"
    labels: Annotated[tuple[str, ...], Meta(description="Labels or aliases it heeds; empty: all.")] = ()
    dwell: Annotated[NotNegative, Meta(description="Seconds inside after which that is a fact; 0: never.")] = 0.0
    warn_threshold: Limit = 0
    max_capacity: Limit = 0


class Required(_Part, frozen=True, kw_only=True):
    """What people must wear in a camera's sight."""

    required: Annotated[
        tuple[Item, ...], Meta(max_length=8, description="Such as `helmet`, `vest`; empty: not judged.")
    ] = ()
    bypass: Annotated[
        NotNegative, Meta(description="Seconds until somebody judged, and still in sight, is judged again; 0: never.")
    ] = 300.0


class Recognised(_Part, frozen=True, kw_only=True):
    """Whether people in a camera's sight are recognised, and whether its pictures show their faces."""

    enabled: bool = False
    face_interval: Annotated[
        float, Meta(ge=0.2, description="Seconds between two looks at somebody who is not known yet …")
    ] = 1.0
    body_interval: Annotated[float, Meta(ge=0.2, description="… and at somebody who is.")] = 5.0
    blur: Annotated[bool, Meta(description="No picture, clip or video of the camera shows a face.")] = False


class Camera(_Part, frozen=True, kw_only=True):
    """One camera, as edged.toml, the API and the KV bucket all write it."""

    id: Token
    url: str
    name: str = ""
    location: str = ""
    direct: Annotated[
        str,
        Meta(
            pattern=r"^((whep\+)?https?://[^\s;,'\"@]+)?$",
            description="A URL that browsers play by themselves, without edged: whep+https://…, or a video file or stream. No password.",
        ),
    ] = ""
    enabled: bool = True
    detection: bool = True
    fps: Annotated[float, Meta(gt=0, le=60, description="Detections per second asked for.")] = 5.0
    transport: Literal["auto", "tcp", "udp"] = "auto"
    loop: Annotated[bool, Meta(description="A file starts again at its end.")] = True
    open_timeout: Positive = 5.0
    stall_timeout: Positive = 1.8  # so that within two seconds it is known, the frame's own interval included
    frozen_timeout: Annotated[
        NotNegative, Meta(description="Seconds of the very same picture that count as frozen; 0: never.")
    ] = 0.0
    retry_min: Positive = 1.0
    retry_max: Positive = 60.0
    decoder: Literal["auto", "software", "hardware"] = "auto"
    doze: Annotated[bool, Meta(description="Decode only key frames while nothing moves and nobody watches.")] = True
    labels: Annotated[tuple[str, ...], Meta(description="Labels or aliases to keep; empty keeps all.")] = (
        "person",
        "vehicle",
    )
    filters: dict[str, LabelFilter] = field(default_factory=dict)
    masks: Annotated[tuple[Polygon, ...], Meta(description="Areas in which nothing is detected.")] = ()
    lines: Annotated[tuple[Line, ...], Meta(max_length=32)] = ()
    zones: Annotated[tuple[Zone, ...], Meta(max_length=32)] = ()
    motion: Motion = Motion()
    tracking: Annotated[Tracking | None, Meta(description="Unset: scores fitting the model in use.")] = None
    snapshots: bool = True
    preroll: Annotated[
        float, Meta(ge=5, le=60, description="Seconds of the stream kept in memory, for what came before an event.")
    ] = 10.0
    preroll_max_bytes: Annotated[int, Meta(ge=1_000_000)] = 32_000_000
    ppe: Required = Required()
    recognition: Recognised = Recognised()


class Clips(_Part, frozen=True, kw_only=True):
    """The clips of alerts, kept by the box that has the camera."""

    before: Annotated[NotNegative, Meta(description="Seconds before its subject was first seen.")] = 5.0
    after: Annotated[NotNegative, Meta(description="Seconds after the alert was raised.")] = 10.0
    longest: Annotated[Positive, Meta(description="Seconds, however long it takes until an alert is raised.")] = 120.0
    max_age_days: Positive = 30.0
    max_bytes: Count = 10_000_000_000
    min_free: Annotated[int, Meta(ge=0, description="Bytes of the disk that clips leave to facts and pictures.")] = (
        1_000_000_000
    )


class Counter(_Part, frozen=True, kw_only=True):
    """What went in less what went out over some lines of the site: how many are inside."""

    id: Token
    lines: Annotated[tuple[LineName, ...], Meta(min_length=1, description="`camera.line`, or `node.camera.line`.")]
    name: str = ""
    warn_threshold: Limit = 0
    max_capacity: Limit = 0


class Handlers(_Part, frozen=True, kw_only=True):
    """Which files of handlers/ run here; `dir` holds the owner's own."""

    run: tuple[str, ...] = (
        "alerts",
        "snapshots",
        "clips",
        "occupancy",
        "history",
        "email",
        "webhook",
        "s3",
        "ppe",
        "faces",
        "people",
    )
    dir: str = ""


class Ppe(_Part, frozen=True, kw_only=True):
    """How the handler `ppe` judges. Without a model it goes by colour and place, as edged/vision/hivis.py says."""

    model: Annotated[
        str, Meta(description="A card whose labels, or their aliases, are the items; empty: by colour.")
    ] = ""
    workers: Annotated[int, Meta(ge=0, le=16, description="Crops judged here at once; 0: others judge them.")] = 1


class Recognition(_Part, frozen=True, kw_only=True):
    """Who people are, for cameras whose `recognition` is enabled: see docs/faces.md.

    `finder`, `face` and `body` are cards in models/, `auto`: the best one whose file is here, or `none`.
    """

    finder: Annotated[str, Meta(description="Finds faces; without a file OpenCV's own cascade does.")] = "auto"
    face: Annotated[str, Meta(description="Makes vectors of faces.")] = "auto"
    body: Annotated[str, Meta(description="Makes vectors of whole figures.")] = "auto"
    workers: Annotated[int, Meta(ge=0, le=16, description="Crops looked at here at once; 0: others do that.")] = 1
    threads: Annotated[int, Meta(ge=1, le=64, description="Of one inference.")] = 1
    min_face: Annotated[int, Meta(ge=10, description="Pixels a face must be high.")] = 50
    min_quality: Annotated[Fraction, Meta(description="Of a face that somebody may be recognised by.")] = 0.3
    threshold: Annotated[Fraction, Meta(description="Cosine from which a face is somebody's; 0: as the card says.")] = (
        0.0
    )
    body_threshold: Fraction = 0.0
    votes: Annotated[int, Meta(ge=1, le=9, description="Looks that must agree.")] = 2
    body_after: Annotated[
        int, Meta(ge=1, description="Looks without a usable face after which the figure is asked.")
    ] = 3
    body_hours: Annotated[NotNegative, Meta(description="Hours a figure is remembered, in memory; 0: never.")] = 12.0
    unknown: Annotated[bool, Meta(description="Strangers become identities that are `unregistered`.")] = True
    unknown_looks: Annotated[int, Meta(ge=1, le=9, description="Good looks at a stranger that it takes …")] = 3
    unknown_quality: Annotated[Fraction, Meta(description="… and what good is.")] = 0.5


class Gallery(_Part, frozen=True, kw_only=True):
    """Who is kept in the gallery, and for how long."""

    samples: Annotated[int, Meta(ge=1, le=50, description="Of one identity and kind: faces, figures.")] = 12
    unregistered_days: Annotated[
        Positive, Meta(description="Unknown people not seen for so long are erased; those with a name never are.")
    ] = 30.0
    max_picture: Annotated[int, Meta(ge=1, description="Bytes of an uploaded picture.")] = 20_000_000
    max_pixels: Annotated[int, Meta(ge=1, description="Of an uploaded picture.")] = 50_000_000


class FromApi(_Part, frozen=True, kw_only=True):
    """What camera URLs may be added over the network. Link-local and metadata addresses are always refused."""

    schemes: tuple[str, ...] = ("rtsp", "rtsps", "http", "https")
    file_dirs: Annotated[tuple[str, ...], Meta(description="Folders whose files may be opened as cameras.")] = ()
    max_cameras: Count = 64


class History(_Part, frozen=True, kw_only=True):
    """How long history.db keeps what. Counts of hours and days stay for ever."""

    details_days: Annotated[Positive, Meta(description="Crossings, corrections, alerts, and counts of minutes.")] = 400
    tracks_days: Annotated[Positive, Meta(description="Tracks, visits of zones, states of cameras.")] = 90
    ppe_days: Annotated[Positive, Meta(description="Verdicts on protective equipment; nothing else is touched.")] = 90


Secret = Annotated[str, Meta(description="Write it as ${NAME}, from the environment.")]


class Email(_Part, frozen=True, kw_only=True):
    """Mails alerts. Without a host none are sent."""

    host: str = ""
    port: Annotated[int, Meta(ge=0, le=65535, description="0: 465 with ssl, 587 with tls, else 25.")] = 0
    security: Literal["tls", "ssl", "plain"] = "tls"
    user: str = ""
    password: Secret = ""
    sender: str = ""
    to: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ("warning", "alarm")
    subject: str = "{severity}: {message}"
    text: str = "{message}\n\ncamera {camera} of {site}\n{time}\nrule {rule}\n"
    viewer: Annotated[str, Meta(description="Address of the viewer, for links.")] = ""


class Webhook(_Part, frozen=True, kw_only=True):
    """Posts alerts as JSON, signed with `secret`."""

    name: Token
    url: Annotated[str, Meta(pattern="^https?://[^/]")]
    secret: Secret = ""
    severities: tuple[Severity, ...] = ("info", "warning", "alarm")
    timeout: Positive = 10.0


class S3(_Part, frozen=True, kw_only=True):
    """Where pictures are copied to. Without a bucket they are not."""

    bucket: str = ""
    endpoint: Annotated[
        str, Meta(pattern=r"^(https?://[^/@ ]+/?)?$", description="Of an S3-compatible store; empty: AWS.")
    ] = ""
    region: str = "us-east-1"
    prefix: Annotated[str, Meta(description="A folder in the bucket.")] = ""
    access_key: str = ""
    secret_key: Secret = ""


class Log(_Part, frozen=True, kw_only=True):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json"] = "auto"
    file: Annotated[str, Meta(description="Also into this file, as JSON; empty: none.")] = ""
    size: Annotated[int, Meta(ge=10_000, description="Bytes after which the file is put aside.")] = 10_000_000
    keep: Annotated[int, Meta(ge=1, le=1000, description="Files put aside that are kept.")] = 5
    max_age_days: Annotated[Positive, Meta(description="No line is kept longer, and none half as long is dropped.")] = (
        30
    )


class Limits(_Part, frozen=True, kw_only=True):
    cpu: Annotated[
        float, Meta(ge=0, description="Cores edged may use, as a share of its time for detection; 0: no limit.")
    ] = 0.0
    decoder_threads: Annotated[int, Meta(ge=1, le=16)] = 1


class Config(_Part, frozen=True, kw_only=True):
    site: Token = "home"
    node: Token = "edge"
    time_zone: Annotated[str, Meta(description="IANA name, such as Europe/Berlin; empty: the system's.")] = ""
    state_dir: Annotated[str, Meta(description="Empty: $STATE_DIRECTORY, or ~/.local/state/edged.")] = ""
    nats: Nats = Nats()
    gateway: Gateway = Gateway()
    webrtc: WebRtc = WebRtc()
    janus: Janus = Janus()
    auth: Auth = Auth()
    detector: Detector = Detector()
    limits: Limits = Limits()
    from_api: FromApi = FromApi()
    handlers: Handlers = Handlers()
    clips: Clips = Clips()
    history: History = History()
    email: Email = Email()
    s3: S3 = S3()
    ppe: Ppe = Ppe()
    recognition: Recognition = Recognition()
    gallery: Gallery = Gallery()
    log: Log = Log()
    aliases: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {"vehicle": ("car", "truck", "bus", "motorcycle")}
    )
    cameras: tuple[Camera, ...] = ()
    counters: tuple[Counter, ...] = ()
    alerts: tuple[AlertRule, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
    publish: tuple[Publish, ...] = ()
