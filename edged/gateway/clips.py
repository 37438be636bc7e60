"""Clips, fetched in pieces from the box that keeps them."""

import re

import msgspec
from aiohttp import web

from edged import subjects
from edged.asking import PIECE, ClipMeta, ClipRead
from edged.bus.link import Link
from edged.bus.pictures import META
from edged.gateway.errors import Problem
from edged.gateway.parts import LINK
from edged.subjects import Address

_KEY = re.compile(r"([A-Za-z0-9_-]{1,64})/([A-Za-z0-9_-]{1,64})/([A-Za-z0-9_-]{1,64})/([A-Za-z0-9_.-]{1,200})\.mp4")
_meta = msgspec.json.Decoder(ClipMeta)


async def clip(request: web.Request) -> web.StreamResponse:
    """All of it, or the range a player asks for."""
    found = _KEY.fullmatch(request.match_info["key"])
    if not found:
        raise Problem(400, "invalid", "that is no key of a clip: alerts have theirs in `clip_url`")
    address, id = Address(*found.groups()[:3]), found[4]
    link = request.app[LINK]
    _, whole = await _piece(link, address, id, 0, 0)
    begin, end = _asked(request, whole)
    response = web.StreamResponse(status=206 if "Range" in request.headers else 200)
    response.content_type = "video/mp4"
    response.content_length = end - begin
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    if response.status == 206:
        response.headers["Content-Range"] = f"bytes {begin}-{end - 1}/{whole}"
    await response.prepare(request)
    while begin < end and request.method != "HEAD":
        data, _ = await _piece(link, address, id, begin, min(PIECE, end - begin))
        if not data:
            raise ConnectionResetError("the clip was removed while it was read")
        await response.write(data)
        begin += len(data)
    await response.write_eof()
    return response


def _asked(request: web.Request, whole: int) -> tuple[int, int]:
    """(first byte, byte after the last) that are asked for."""
    try:
        asked = request.http_range
    except ValueError:
        asked = slice(None)
        bad = True
    else:
        bad = False
    begin = 0 if asked.start is None else asked.start
    begin = max(0, begin + whole) if begin < 0 else begin
    end = whole if asked.stop is None else min(asked.stop, whole)
    if bad or begin >= max(end, 1):
        headers = {"Content-Range": f"bytes */{whole}"}
        raise Problem(416, "invalid", f"the clip has {whole} bytes: ask for a range within them", headers)
    return begin, end


async def _piece(link: Link, address: Address, id: str, offset: int, size: int) -> tuple[bytes, int]:
    asked = msgspec.json.encode(ClipRead(id=id, offset=offset, size=size))
    delivery = await link.ask(subjects.on(address, "piece"), asked)
    return delivery.data, _meta.decode(delivery.headers[META]).bytes
