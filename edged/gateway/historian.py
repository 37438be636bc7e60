"""Finds a node that keeps a history, and asks it."""

from typing import Any, TypeVar

import msgspec
from aiohttp import web

from edged import questions as q
from edged import subjects
from edged.bus.link import Late, Unanswered
from edged.gateway.errors import Problem
from edged.gateway.parts import DIRECTORY, HUB, LINK, SETTINGS
from edged.subjects import NODE_ITSELF, Address

PATIENCE = 20.0  # seconds for a year of minutes on a slow card
_encode = msgspec.json.Encoder().encode

T = TypeVar("T")


async def ask(request: web.Request, question: q.Question, answer: type[T]) -> T:
    """What the history answers. Raises BusError, or Problem when no node keeps one."""
    return msgspec.json.decode(await ask_raw(request, "history", question), type=answer)


async def ask_raw(request: web.Request, kind: str, question: Any) -> bytes:
    """The same of any kind of question; the first node that answers counts, this box's own before others."""
    for node in await _nodes(request):
        try:
            delivery = await request.app[LINK].ask(subjects.on(node, kind), _encode(question), timeout=PATIENCE)
            return delivery.data
        except Late:
            raise
        except Unanswered:
            continue
    raise Problem(503, "unanswered", f"no node answers for {kind}: has one of them {kind} in handlers.run?")


async def _nodes(request: web.Request) -> list[Address]:
    app = request.app
    own = Address(app[SETTINGS].site, app[SETTINGS].node, NODE_ITSELF)
    heard = {address._replace(camera=NODE_ITSELF) for address, _, _ in app[HUB].nodes()}
    listed = {Address(record.site, record.node, NODE_ITSELF) for record in app[DIRECTORY]}
    return [own, *sorted((heard | listed) - {own})]
