"""Counts over HTTP: totals and series, how many were inside, corrections."""

import uuid
from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from edged import questions as q
from edged.gateway.historian import ask
from edged.gateway.wire import body, query, reply


class StatsQuery(q.Period, frozen=True, kw_only=True):
    """`range` without `custom` goes to the end of today."""


class OccupancyQuery(q.Where, frozen=True, kw_only=True):
    at: q.Moment = ""


class Correction(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"delta_in": "in", "delta_out": "out"}
):
    """How many more went in and out than were counted; below 0: fewer. The same `id` again is the same correction."""

    delta_in: Annotated[int, Meta(ge=-1_000_000, le=1_000_000)] = 0
    delta_out: Annotated[int, Meta(ge=-1_000_000, le=1_000_000)] = 0
    by: Annotated[str, Meta(min_length=1, max_length=100)]
    reason: Annotated[str, Meta(min_length=1, max_length=1000)]
    id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{0,128}$")] = ""


async def stats(request: web.Request) -> web.Response:
    """Both `/api/stats` and `/api/dashboard/stats`."""
    asked = query(request, StatsQuery)
    return reply(await ask(request, q.Stats(**fields(asked)), q.StatsAnswer))


async def occupancy(request: web.Request) -> web.Response:
    asked = query(request, OccupancyQuery)
    return reply(await ask(request, q.Occupancy(**fields(asked)), q.OccupancyAnswer))


async def corrected(request: web.Request) -> web.Response:
    said, _ = await body(request, Correction)
    known = fields(said) | {"id": said.id or uuid.uuid4().hex}
    question = q.Correct(of=request.match_info["counter"], **known)
    return reply(await ask(request, question, q.Written), 201)


def fields(struct: Struct) -> dict[str, Any]:
    return {field.name: getattr(struct, field.name) for field in msgspec.structs.fields(struct)}
