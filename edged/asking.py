"""What a node is asked over NATS, and what it answers."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from edged.config import Camera
from edged.messages import Time, Token
from edged.rules import AlertRule

PIECE = 256 * 1024  # bytes of a clip in one message

ErrorCode = Literal["invalid", "not_found", "forbidden", "limit", "unavailable"]


class CameraRecord(Struct, frozen=True, kw_only=True):
    """One camera as the KV bucket holds it: `camera.url` is without its password, `secret` says that the node keeps one.

    `origin` says where it was last defined; `seed` is the hash of its definition in edged.toml when that was last taken over.
    """

    site: Token
    node: Token
    camera: Camera
    secret: bool = False
    origin: Literal["file", "api"] = "api"
    seed: str = ""


class RuleRecord(Struct, frozen=True, kw_only=True):
    """One rule as the KV bucket holds it. With `site` and `node` it is for that box's cameras alone, else for those of every box.

    `origin` and `seed` are as a CameraRecord's. Nothing from before `since`, when it was last written, makes it raise an alert.
    """

    rule: AlertRule
    since: Time
    site: str = ""
    node: str = ""
    origin: Literal["file", "api"] = "api"
    seed: str = ""


class PictureRequest(Struct, frozen=True, kw_only=True):
    """Wants a frame newer than `after` of `session`, within `wait` seconds; without a session, the newest at once. `width` 0 is the camera's own."""

    session: str = ""
    after: int = -1
    wait: Annotated[float, Meta(ge=0, le=10)] = 2.0
    width: Annotated[int, Meta(ge=0, le=8192)] = 0
    quality: Annotated[int, Meta(ge=1, le=100)] = 80


class PictureMeta(Struct, frozen=True, kw_only=True):
    """Which frame a picture is; `width` and `height` are the JPEG's own."""

    session: str
    seq: int
    pts: int
    time: Time
    width: int
    height: int


class ProbeRequest(Struct, frozen=True, kw_only=True):
    url: str
    transport: Literal["auto", "tcp", "udp"] = "auto"
    seconds: Annotated[float, Meta(gt=0, le=15)] = 4.0


class ProbeReport(Struct, frozen=True, kw_only=True):
    """What a stream is. `latency` is seconds from asking to the first picture; `keyframe_interval` is None when fewer than two were seen."""

    url: str
    codec: str
    profile: str
    width: int
    height: int
    fps: float
    bitrate: float
    keyframe_interval: float | None
    latency: float
    audio: str
    decoder: str


class WatchRequest(Struct, frozen=True, kw_only=True):
    """Somebody watches for so many seconds more."""

    seconds: Annotated[float, Meta(gt=0, le=60)] = 10.0


class ClipRequest(Struct, frozen=True, kw_only=True):
    """A clip of `session` from the last key frame before `since` until `until`; `id` names it, and is an alert's."""

    id: str
    session: str
    since: Time
    until: Time


class ClipRead(Struct, frozen=True, kw_only=True):
    """Up to `size` bytes of a clip from `offset` on."""

    id: str
    offset: Annotated[int, Meta(ge=0)] = 0
    size: Annotated[int, Meta(ge=0, le=PIECE)] = PIECE


class ClipsForgotten(Struct, frozen=True, kw_only=True):
    """These clips are to be removed from the disk, also one that is being recorded."""

    ids: tuple[str, ...]


class ClipMeta(Struct, frozen=True, kw_only=True):
    """How large the whole clip is."""

    bytes: int


class VideoMeta(Struct, frozen=True, kw_only=True):
    """Which access unit a `video` message carries: Annex B, as the camera sent it. `key` says that decoding can begin with it."""

    session: str
    seq: int
    pts: int
    time: Time
    key: bool
    codec: Literal["h264"]
    width: int
    height: int
