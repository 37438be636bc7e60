"""Queries and bodies into Structs, Structs into replies."""

from functools import cache
from typing import Any, TypeVar

import msgspec
import msgspec.inspect
from aiohttp import web
from msgspec import Struct

from edged.gateway.errors import Problem, invalid

T = TypeVar("T")

_anything: msgspec.json.Decoder[Any] = msgspec.json.Decoder()


class NoQuery(Struct, frozen=True):
    """A route without parameters."""


def query(request: web.Request, kind: type[T]) -> T:
    """The query string as `kind`. What `kind` does not know is passed over: pages add `api_key` and cache busters.

    A field that is a tuple takes all of its repetitions, any other the last one.
    """
    said: dict[str, Any] = dict(request.query)
    for name in said.keys() & _repeatable(kind):  # type: ignore[arg-type]  # a type is hashable
        said[name] = request.query.getall(name)
    try:
        return msgspec.convert(said, kind, strict=False)
    except msgspec.ValidationError as error:
        raise invalid(error, "query") from None


@cache
def _repeatable(kind: type[Any]) -> frozenset[str]:
    fields = msgspec.inspect.type_info(kind)
    assert isinstance(fields, msgspec.inspect.StructType), "a query is a Struct"
    return frozenset(
        one.encode_name for one in fields.fields if isinstance(_bare(one.type), msgspec.inspect.VarTupleType)
    )


def _bare(kind: msgspec.inspect.Type) -> msgspec.inspect.Type:
    return kind.type if isinstance(kind, msgspec.inspect.Metadata) else kind


async def body(request: web.Request, kind: type[T]) -> tuple[T, dict[str, Any]]:
    """The JSON body as `kind`, and as it came: what was not said must not become a default on its way to a node."""
    raw = await read(request)
    try:
        return understood(raw, msgspec.json.Decoder(kind)), understood(raw, _anything)
    except msgspec.MsgspecError as error:
        raise invalid(error, "body") from None


async def read(request: web.Request) -> bytes:
    """The body as it came. Problem 415 for a compressed one: what it unfolds to has no bound."""
    if coding := request.headers.get("Content-Encoding"):
        raise Problem(
            415, "media_type", f"bodies are taken as they are, not as {coding[:40]!r}", {"Accept-Encoding": "identity"}
        )
    return await request.read()


def understood(raw: bytes | str, decoder: msgspec.json.Decoder[T]) -> T:
    """What a stranger said in JSON. Raises MsgspecError and nothing else, whatever it is."""
    try:
        return decoder.decode(raw)
    except RecursionError:
        raise msgspec.DecodeError("JSON is nested too deeply") from None


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
