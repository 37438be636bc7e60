"""What happened: alerts, and the pictures kept with them."""

import hashlib
import re
from urllib.parse import quote

import msgspec
from aiohttp import web
from msgspec import Struct

from edged.gateway.alerts import AlertQuery
from edged.gateway.errors import Problem
from edged.gateway.parts import ALERTS, PICTURES
from edged.gateway.wire import matches, query, reply
from edged.messages import AlertRaised

_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.=-]*(/[A-Za-z0-9_-][A-Za-z0-9_.=-]*)*")
_LONGEST = 256


class Alert(AlertRaised, frozen=True, kw_only=True, tag="alert"):
    """An alert, where its picture is, and where its clip, once there is one."""

    snapshot_url: str | None
    clip_url: str | None


class AlertPage(Struct, frozen=True):
    alerts: list[Alert]
    total: int
    page: int
    limit: int


async def alerts(request: web.Request) -> web.Response:
    asked = query(request, AlertQuery)
    history = request.app[ALERTS]
    found, total = history.find(asked)
    return reply(
        AlertPage([_with_urls(alert, history.clip(alert.id)) for alert in found], total, asked.page, asked.limit)
    )


def _with_urls(alert: AlertRaised, clip: str | None) -> Alert:
    return Alert(
        **msgspec.structs.asdict(alert),
        snapshot_url=f"/api/snapshots/{quote(alert.snapshot)}" if alert.snapshot else None,
        clip_url=f"/api/clips/{quote(clip)}" if clip else None,
    )


async def snapshot(request: web.Request) -> web.Response:
    """A key names one picture for ever, so who has it need not ask again."""
    key = request.match_info["key"]
    if len(key) > _LONGEST or not _KEY.fullmatch(key):
        raise Problem(400, "invalid", f"{key[:80]!r} is no key of a snapshot: alerts name theirs in `snapshot`")
    jpeg = await request.app[PICTURES].get(key)
    if jpeg is None:
        raise Problem(404, "not_found", f"no snapshot {key}: it may be older than nats.pictures_max_age_days")
    etag = hashlib.sha256(jpeg).hexdigest()[:32]
    headers = {"ETag": f'"{etag}"', "Cache-Control": "private, max-age=31536000, immutable"}
    if matches(request, etag):
        return web.Response(status=304, headers=headers)
    return web.Response(body=jpeg, content_type="image/jpeg", headers=headers)
