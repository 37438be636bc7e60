"""Which camera is which mountpoint of Janus' streaming plugin, and what is missing. Pure."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from msgspec import Struct

from edged import config
from edged.subjects import Address

_RECENT = 3000  # ms


class Medium(Struct, frozen=True):
    """`age_ms` since its last packet, or since it was made."""

    type: str
    age_ms: int | None = None


class Mountpoint(Struct, frozen=True):
    """As the plugin lists it."""

    id: int | str
    description: str = ""
    metadata: str = ""
    enabled: bool = True
    media: tuple[Medium, ...] = ()


def of(camera: Address, mountpoints: Sequence[Mountpoint]) -> Mountpoint | None:
    """The one whose metadata, description or id is the camera's key, or else its id."""
    for name in (str(camera), camera.camera):
        for mountpoint in mountpoints:
            if name in (mountpoint.metadata, mountpoint.description, str(mountpoint.id)):
                return mountpoint
    return None


def missing(mountpoint: Mountpoint | None, published: config.Publish | None) -> str:
    """What stands between the camera and a viewer, with what to do; empty: nothing."""
    if mountpoint is None:
        return "no mountpoint: `edged janus check --create` makes one"
    if not mountpoint.enabled:
        return "the mountpoint is disabled in Janus: enable it"
    video = next((medium for medium in mountpoint.media if medium.type == "video"), None)
    if video is None:
        return "the mountpoint has no video: remove it, and let `edged janus check --create` make one"
    if video.age_ms is not None and video.age_ms > _RECENT:
        silent = f"no packet for {video.age_ms / 1000:.0f} s"
        return f"{silent}: is edged running, and the camera?" if published else f"{silent}: no [[publish]] sends to it"
    return ""


def rtp_port(published: config.Publish | None) -> int:
    """Where edged sends the camera's RTP; 0: nowhere yet."""
    return (published and urlsplit(published.url).port) or 0


def request(camera: Address, port: int, admin_key: str) -> dict[str, object]:
    """Asks the plugin for a mountpoint; port 0 lets it choose."""
    wanted: dict[str, object] = {
        "request": "create",
        "type": "rtp",
        "name": str(camera),
        "description": camera.camera,
        "metadata": str(camera),
        "permanent": True,
        "media": [
            {
                "type": "video", "mid": "v", "port": port, "pt": 96, "codec": "h264",
                "fmtp": "profile-level-id=42e01f;packetization-mode=1",
            }
        ],
    }  # fmt: skip
    return {**wanted, "admin_key": admin_key} if admin_key else wanted
