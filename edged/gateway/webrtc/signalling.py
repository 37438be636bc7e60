"""How a browser and the gateway find together, in JSON: either side makes the offer."""

from collections.abc import Awaitable
from typing import Annotated, Literal, TypeVar

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web
from msgspec import Meta, Struct, field

from edged.gateway.directory import address_of
from edged.gateway.errors import Problem
from edged.gateway.parts import DIRECTORY, SESSIONS, SETTINGS, SOCKETS, VIDEOS
from edged.gateway.sockets import TEXT, Socket, frame
from edged.gateway.webrtc.sessions import Session, Unusable
from edged.gateway.wire import body, reply, understood
from edged.subjects import Address

T = TypeVar("T")


class IceServer(Struct, frozen=True, omit_defaults=True):
    """As RTCPeerConnection takes it."""

    urls: str
    username: str = ""
    credential: str = ""


class Description(Struct, frozen=True):
    sdp: str
    type: Literal["offer", "answer"]


class Offer(Struct, frozen=True):
    """A viewer's, for video only or with a data channel `edged` that says which frame is which."""

    camera: str
    sdp: str
    type: Literal["offer"] = "offer"


class Answered(Struct, frozen=True):
    session: str
    sdp: str
    type: Literal["answer"]
    ice_servers: list[IceServer]


class Offered(Struct, frozen=True):
    """To be answered at /api/webrtc/answer, or over the WebSocket `ws`."""

    session: str
    camera: str
    offer: Description
    ws: str
    ice_servers: list[IceServer]


class Answer(Struct, frozen=True):
    session: str
    sdp: str
    type: Literal["answer"] = "answer"


class Candidate(Struct, frozen=True, rename="camel"):
    """RTCIceCandidateInit; an empty one ends the list."""

    candidate: str = ""
    sdp_mid: str | None = None
    sdp_m_line_index: Annotated[int, Meta(ge=0, le=255)] | None = None


class NewCandidate(Struct, frozen=True):
    session: str
    candidate: Candidate | None = None


class SessionState(Struct, frozen=True):
    session: str
    state: str


class SessionStatus(Struct, frozen=True):
    """`sent` and `dropped` are access units, `bursts` how often the viewer got the units since the last key frame."""

    session: str
    camera: str
    state: str
    seconds: float
    sent: int
    dropped: int
    bursts: int


class VideoStatus(Struct, frozen=True):
    """One camera's video as it comes from NATS; `lost` units could not be used because one before them is missing."""

    camera: str
    viewers: int
    units: int
    lost: int
    group: int


class Status(Struct, frozen=True):
    limit: int
    sessions: list[SessionStatus]
    videos: list[VideoStatus]
    ice_servers: list[IceServer]


class Said(Struct, frozen=True):
    """What a client says over the WebSocket."""

    type: Literal["answer", "candidate"]
    sdp: str = ""
    candidate: Candidate | None = None


class Told(Struct, frozen=True, omit_defaults=True):
    """What the gateway says over the WebSocket: its offer, then how the connection does."""

    type: Literal["offer", "state"]
    sdp: str = ""
    state: str = ""
    ice_servers: list[IceServer] = field(default_factory=list)


_said = msgspec.json.Decoder(Said)


async def offered(request: web.Request) -> web.Response:
    """The viewer's offer; the answer comes back."""
    said, _ = await body(request, Offer)
    session, sdp = await answered(request, said.camera, said.sdp)
    return reply(Answered(session.id, sdp, "answer", _ice(request)))


async def answered(request: web.Request, camera: str, sdp: str) -> tuple[Session, str]:
    """A session for the camera, and the answer to the viewer's offer. Problem 400 and 413 for the offer, others for the camera."""
    check_size(request, sdp)
    address = await addressed(request, camera)
    session, peer = await request.app[SESSIONS].open(address, client(request))
    try:
        return session, await told(peer.answer(sdp))
    except BaseException:
        session.close()
        raise


async def stream(request: web.Request) -> web.Response:
    """The gateway's own offer."""
    address = await addressed(request, request.match_info["camera"])
    session, peer = await request.app[SESSIONS].open(address, client(request))
    try:
        sdp = await told(peer.offer())
    except BaseException:
        session.close()
        raise
    session.offer = sdp
    made = Offered(session.id, str(address), Description(sdp, "offer"), f"/ws/webrtc/{session.id}", _ice(request))
    return reply(made, status=201)


async def accepted(request: web.Request) -> web.Response:
    said, _ = await body(request, Answer)
    check_size(request, said.sdp)
    session = request.app[SESSIONS].find(said.session)
    await told(session.connection.accept(said.sdp))
    return reply(SessionState(session.id, session.state))


async def candidate(request: web.Request) -> web.Response:
    said, _ = await body(request, NewCandidate)
    await _add(request.app[SESSIONS].find(said.session), said.candidate)
    return web.Response(status=204)


async def ended(request: web.Request) -> web.Response:
    request.app[SESSIONS].find(request.match_info["session"]).close()
    return web.Response(status=204)


async def status(request: web.Request) -> web.Response:
    app = request.app
    sessions = [
        SessionStatus(one.id, str(one.address), one.state, one.seconds, one.sent, one.dropped, one.bursts)
        for one in app[SESSIONS]
    ]
    videos = [VideoStatus(str(one.address), len(one), one.units, one.lost, len(one.gop)) for one in app[VIDEOS]]
    return reply(Status(app[SESSIONS].limit, sessions, videos, _ice(request)))


async def talk(request: web.Request) -> web.StreamResponse:
    """The gateway's offer, then the viewer's answer and candidates; the connection outlives this socket."""
    session = request.app[SESSIONS].find(request.match_info["session"])
    limit = request.app[SETTINGS].webrtc.max_sdp

    async def speak(ws: web.WebSocketResponse, socket: Socket) -> None:
        def tell(word: Told) -> None:
            socket.send(frame(TEXT, msgspec.json.encode(word)))

        if session.offer:
            tell(Told("offer", sdp=session.offer, ice_servers=_ice(request)))
        with session.connection.followed(lambda: tell(Told("state", state=session.state))):
            try:
                async for message in ws:
                    if message.type is WSMsgType.TEXT:
                        await _hear(session, understood(message.data, _said), limit)
            except (msgspec.MsgspecError, Problem) as error:
                socket.close(WSCloseCode.POLICY_VIOLATION, f"not understood: {error}")

    return await request.app[SOCKETS].serve(request, speak)


async def _hear(session: Session, said: Said, limit: int) -> None:
    if said.type == "candidate":
        await _add(session, said.candidate)
    elif len(said.sdp) > limit:
        raise _too_large(limit)
    else:
        await told(session.connection.accept(said.sdp))


async def _add(session: Session, wanted: Candidate | None) -> None:
    if wanted is not None:
        await told(session.connection.candidate(wanted.candidate, wanted.sdp_mid, wanted.sdp_m_line_index))


async def addressed(request: web.Request, camera: str) -> Address:
    return address_of((await request.app[DIRECTORY].ready()).find(camera))


def client(request: web.Request) -> str:
    return request.remote or ""


async def told(doing: Awaitable[T]) -> T:
    """What comes of it; Problem 400 when it cannot be done with what the viewer said."""
    try:
        return await doing
    except Unusable as error:
        raise Problem(400, "invalid", str(error)) from None


def check_size(request: web.Request, sdp: str) -> None:
    limit = request.app[SETTINGS].webrtc.max_sdp
    if len(sdp) > limit:
        raise _too_large(limit)


def _too_large(limit: int) -> Problem:
    return Problem(413, "too_large", f"the session description is larger than {limit} bytes (webrtc.max_sdp)")


def _ice(request: web.Request) -> list[IceServer]:
    return msgspec.convert(request.app[SESSIONS].ice_servers, list[IceServer])
