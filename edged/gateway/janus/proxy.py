"""/janus: the one Janus that edged.toml names, behind our login. Nothing of a request but its JSON is passed on."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout, ClientWebSocketResponse, WSCloseCode, WSMsgType, web

from edged.gateway.errors import Problem
from edged.gateway.janus.rules import refusal, with_secret
from edged.gateway.parts import SETTINGS, SOCKETS
from edged.gateway.sockets import TEXT, Socket, frame
from edged.gateway.wire import read, understood

UPSTREAM = web.AppKey("janus", ClientSession)

PROTOCOL = "janus-protocol"
_LONGEST = ClientTimeout(total=45, connect=3)  # Janus holds a long poll for 30 s
_MAX_ANSWER = 1_000_000
_anything: msgspec.json.Decoder[Any] = msgspec.json.Decoder()


async def lifetime(app: web.Application) -> AsyncIterator[None]:
    """For `app.cleanup_ctx`."""
    async with ClientSession(timeout=_LONGEST, auto_decompress=False) as session:
        app[UPSTREAM] = session
        yield


async def passed(request: web.Request) -> web.StreamResponse:
    """One request of Janus' HTTP API, or with an upgrade its WebSocket API."""
    janus = request.app[SETTINGS].janus
    if request.headers.get("Upgrade", "").lower() == "websocket" and not request.match_info:
        return await _talk(request, _configured(janus.ws_url, "janus.ws_url"), janus.secret)
    url = "/".join((_configured(janus.url, "janus.url").rstrip("/"), *_place(request)))
    query = {"maxev": request.query["maxev"]} if request.query.get("maxev", "").isdigit() else {}
    said = None
    if request.method == "POST":
        said = msgspec.json.encode(with_secret(_allowed(await read(request)), janus.secret))
    elif janus.secret:
        query["apisecret"] = janus.secret
    return await _ask(request, url, query, said)


def _place(request: web.Request) -> tuple[str, ...]:
    """Janus numbers its sessions and handles; nothing else of it is reached, but what it says of itself."""
    parts = tuple(request.match_info.values())
    if not all(part.isascii() and part.isdigit() for part in parts) and (request.method, parts) != ("GET", ("info",)):
        raise Problem(
            404, "not_found", f"nothing at {request.path}: Janus has /janus, /janus/info and /janus/<session>/<handle>"
        )
    return parts


def _configured(url: str, key: str) -> str:
    if not url:
        raise Problem(404, "not_found", f"there is no Janus here: set {key} in edged.toml")
    return url


def _allowed(raw: bytes) -> dict[str, Any]:
    try:
        said = understood(raw, _anything)
    except msgspec.MsgspecError as error:
        raise Problem(400, "invalid", f"body: {error}") from None
    if sentence := refusal(said):
        raise Problem(403, "forbidden", sentence)
    return dict(said)


async def _ask(request: web.Request, url: str, query: dict[str, str], said: bytes | None) -> web.Response:
    try:
        async with request.app[UPSTREAM].request(
            request.method, url, params=query, data=said, headers={"Content-Type": "application/json"}, allow_redirects=False
        ) as answer:  # fmt: skip
            body = await answer.content.read(_MAX_ANSWER)
            while not answer.content.at_eof():
                body += await answer.content.read(_MAX_ANSWER)
                if len(body) > _MAX_ANSWER:
                    raise Problem(502, "unavailable", "Janus answered with too much")
    except (ClientError, TimeoutError) as error:
        raise Problem(502, "unavailable", _away(error)) from None
    return web.Response(status=answer.status, body=body, content_type="application/json")


def _away(error: BaseException) -> str:
    return f"Janus does not answer ({type(error).__name__}): is it running, and janus.url and janus.ws_url right?"


async def _talk(request: web.Request, url: str, secret: str) -> web.StreamResponse:
    async def speak(ws: web.WebSocketResponse, socket: Socket) -> None:
        try:
            async with request.app[UPSTREAM].ws_connect(url, protocols=(PROTOCOL,), max_msg_size=_MAX_ANSWER) as janus:
                ways = {asyncio.create_task(_up(ws, socket, janus, secret)), asyncio.create_task(_down(socket, janus))}
                try:
                    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for way in ways:
                        way.cancel()
                    await asyncio.gather(*ways, return_exceptions=True)
            socket.close(WSCloseCode.GOING_AWAY, "Janus closed the connection")
        except (ClientError, TimeoutError) as error:
            socket.close(WSCloseCode.TRY_AGAIN_LATER, _away(error))

    return await request.app[SOCKETS].serve(request, speak, protocols=(PROTOCOL,))


async def _up(ws: web.WebSocketResponse, socket: Socket, janus: ClientWebSocketResponse, secret: str) -> None:
    async for message in ws:
        if message.type is not WSMsgType.TEXT:
            return socket.close(WSCloseCode.UNSUPPORTED_DATA, "Janus speaks JSON in text frames")
        try:
            said = understood(message.data, _anything)
        except msgspec.MsgspecError as error:
            return socket.close(WSCloseCode.POLICY_VIOLATION, f"not understood: {error}")
        if sentence := refusal(said):
            socket.send(frame(TEXT, msgspec.json.encode(_refused(said, sentence))))
        else:
            await janus.send_str(msgspec.json.encode(with_secret(said, secret)).decode())
    return None


async def _down(socket: Socket, janus: ClientWebSocketResponse) -> None:
    async for message in janus:
        if message.type is WSMsgType.TEXT and not socket.send(frame(TEXT, message.data.encode())):
            return


def _refused(said: object, sentence: str) -> dict[str, Any]:
    """As Janus itself says no."""
    transaction = said.get("transaction", "") if isinstance(said, dict) else ""
    return {"janus": "error", "transaction": transaction, "error": {"code": 403, "reason": sentence}}
