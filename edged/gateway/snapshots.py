"""The pictures kept with alerts and tracks."""

import hashlib
import re

from aiohttp import web

from edged.gateway.errors import Problem
from edged.gateway.parts import PICTURES
from edged.gateway.wire import matches

_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.=-]*(/[A-Za-z0-9_-][A-Za-z0-9_.=-]*)*")
_LONGEST = 256


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
