"""WHEP: other players, draft-ietf-wish-whep over the rules of RFC 9725."""

from aiohttp import web

from edged.gateway.errors import Problem
from edged.gateway.parts import SESSIONS
from edged.gateway.webrtc.sessions import Session
from edged.gateway.webrtc.signalling import answered, check_size, told
from edged.gateway.wire import read

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"


async def began(request: web.Request) -> web.Response:
    """The player's offer; 201 with the answer, and where the session is."""
    sdp = await _text(request, SDP)
    camera = request.match_info["camera"]
    session, answer = await answered(request, camera, sdp)
    response = web.Response(status=201, text=answer, content_type=SDP)
    response.headers["Location"] = f"/whep/{camera}/{session.id}"
    response.headers["ETag"] = session.etag
    response.headers["Accept-Patch"] = FRAGMENT
    for server in request.app[SESSIONS].ice_servers:
        response.headers.add("Link", _link(server))
    return response


async def trickled(request: web.Request) -> web.Response:
    """More of the player's candidates, RFC 8840. Another ICE session (a restart) is 422: begin anew."""
    session = _session(request)
    text = await _text(request, FRAGMENT)
    match = request.headers.get("If-Match")
    if match is None:
        raise Problem(428, "precondition", "say If-Match with the ETag of the session")
    if match not in (session.etag, "*"):
        raise Problem(412, "precondition", f"the ETag of this session is {session.etag}")
    mid: str | None = None
    for line in text.splitlines():
        if line.startswith("a=mid:"):
            mid = line.removeprefix("a=mid:").strip()
        elif line.startswith("a=candidate:"):
            await told(session.connection.candidate(line, mid, None))
    return web.Response(status=204)


async def ended(request: web.Request) -> web.Response:
    _session(request).close()
    return web.Response(status=200)


def _session(request: web.Request) -> Session:
    session = request.app[SESSIONS].find(request.match_info["session"])
    if request.match_info["camera"] not in (str(session.address), session.address.camera):
        raise Problem(404, "not_found", f"session {session.id!r} is of another camera")
    return session


async def _text(request: web.Request, kind: str) -> str:
    if request.content_type != kind:
        raise Problem(415, "media_type", f"this takes {kind}, not {request.content_type}", {"Accept": kind})
    try:
        text = (await read(request)).decode()
    except UnicodeDecodeError:
        raise Problem(400, "invalid", "body: not UTF-8") from None
    check_size(request, text)
    return text


def _link(server: dict[str, str]) -> str:
    parts = [f"<{server['urls']}>", 'rel="ice-server"']
    if "username" in server:
        parts += [
            f'username="{server["username"]}"',
            f'credential="{server["credential"]}"',
            'credential-type="password"',
        ]
    return "; ".join(parts)
