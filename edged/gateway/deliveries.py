"""Deliveries over HTTP: what waits, what is dead, another try, and the test buttons."""

from typing import Annotated, Literal

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from edged import questions as q
from edged.bus.link import Refused
from edged.gateway.errors import Problem
from edged.gateway.historian import ask_raw
from edged.gateway.wire import query, reply

KINDS = ("email", "webhook")
_answer = msgspec.json.Decoder(q.DeliveriesAnswer)


class DeliveryQuery(Struct, frozen=True):
    state: Annotated[Literal["waiting", "dead", "done", ""], Meta(description="Empty: waiting and dead.")] = ""
    limit: Annotated[int, Meta(ge=1, le=500)] = 50


class DeliveryPage(q.DeliveriesAnswer, frozen=True, kw_only=True):
    """Newest first. `waiting` and `dead` count all of them."""


class Done(Struct, frozen=True):
    done: bool = True


async def listed(request: web.Request) -> web.Response:
    asked = query(request, DeliveryQuery)
    question = q.Deliveries(state=asked.state, limit=asked.limit)
    answers = []
    for kind in KINDS:
        try:
            answers.append(_answer.decode(await ask_raw(request, kind, question)))
        except Problem:  # a box without that kind of delivery has none on their way
            continue
    found = sorted((parcel for answer in answers for parcel in answer.deliveries), key=lambda each: each.created)
    waiting, dead = sum(answer.waiting for answer in answers), sum(answer.dead for answer in answers)
    return reply(DeliveryPage(deliveries=found[::-1][: asked.limit], waiting=waiting, dead=dead))


async def retried(request: web.Request) -> web.Response:
    id = request.match_info["delivery"]
    for kind in KINDS:
        try:
            await ask_raw(request, kind, q.Retry(id=id))
            return reply(Done())
        except (Problem, Refused):
            continue
    raise Problem(404, "not_found", f"no delivery {id[:80]!r} waits or is dead")


async def mail_tested(request: web.Request) -> web.Response:
    await ask_raw(request, "email", q.Test(name="email"))
    return reply(Done())


async def webhook_tested(request: web.Request) -> web.Response:
    await ask_raw(request, "webhook", q.Test(name=request.match_info["webhook"]))
    return reply(Done())
