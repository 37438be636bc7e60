"""Queries and bodies into Structs, Structs into replies."""

from typing import Any, TypeVar

import msgspec
from aiohttp import web
from msgspec import Struct

from edged.gateway.errors import invalid

T = TypeVar("T")


class NoQuery(Struct, frozen=True):
    """A route without parameters."""


def query(request: web.Request, kind: type[T]) -> T:
    """The query string as `kind`. What `kind` does not know is passed over: pages add `api_key` and cache busters."""
    try:
        return msgspec.convert(dict(request.query), kind, strict=False)
    except msgspec.ValidationError as error:
        raise invalid(error, "query") from None


async def body(request: web.Request, kind: type[T]) -> tuple[T, dict[str, Any]]:
    """The JSON body as `kind`, and as it came: what was not said must not become a default on its way to a node."""
    raw = await request.read()
    try:
        return msgspec.json.decode(raw, type=kind), msgspec.json.decode(raw)
    except msgspec.MsgspecError as error:
        raise invalid(error, "body") from None


def reply(content: object, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """`content` as JSON."""
    return web.Response(
        status=status,
        body=msgspec.json.encode(content),
        headers=headers,
        content_type="application/json",
        charset="utf-8",
    )


def matches(request: web.Request, etag: str) -> bool:
    """Whether the client has it already."""
    return any(known.value in (etag, "*") for known in request.if_none_match or ())
