"""Finds a node that keeps a history, and asks it."""

import asyncio
import time
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from edged import questions as q
from edged import subjects
from edged.bus.link import BusError, Late, Refused, Unanswered
from edged.enquiries import Enquiry
from edged.gateway.errors import Problem
from edged.gateway.parts import DIRECTORY, HUB, LINK, SETTINGS
from edged.subjects import NODE_ITSELF, Address

PATIENCE = 20.0  # seconds for a year of minutes on a slow card
COMING = 3.0  # seconds for a history to come, while its box starts
AGAIN = 0.1
HANDLER = {"rules": "alerts"}  # which one answers, where it is not called like the question
_encode = msgspec.json.Encoder().encode

T = TypeVar("T")


class Reconnected(Exception):
    """The broker was away meanwhile."""


async def ask(
    request: web.Request,
    question: q.Question | q.RuleQuestion | Enquiry,
    answer: type[T],
    kind: str = "history",
    patience: float = PATIENCE,
) -> T:
    """What the history answers, or who else is asked as `kind`. Raises BusError, or Problem when no node keeps one.

    One that is about to come, with its box or after its broker, is waited for. So a question may be asked twice: what changes something has an id.
    """
    link, until = request.app[LINK], time.monotonic() + COMING
    while True:
        connection = link.connections
        try:
            return msgspec.json.decode(
                await _unless_reconnected(request, question, connection, kind, patience), type=answer
            )
        except Reconnected:
            continue
        except Refused:
            raise
        except (BusError, Problem):
            if time.monotonic() > until:
                raise
        await asyncio.sleep(AGAIN)


async def _unless_reconnected(
    request: web.Request, question: q.Question | q.RuleQuestion | Enquiry, connection: int, kind: str, patience: float
) -> bytes:
    """Raises Reconnected when the connection over which it was asked is gone: no answer would ever come."""
    asking = asyncio.ensure_future(ask_raw(request, kind, question, patience))
    reconnected = asyncio.ensure_future(request.app[LINK].connection_after(connection))
    try:
        await asyncio.wait({asking, reconnected}, return_when=asyncio.FIRST_COMPLETED)
        if asking.done():
            return asking.result()
        raise Reconnected
    finally:
        asking.cancel()
        reconnected.cancel()


async def ask_raw(request: web.Request, kind: str, question: Any, patience: float = PATIENCE) -> bytes:
    """The same of any kind of question; the first node that answers counts, this box's own before others."""
    for node in await nodes(request):
        try:
            delivery = await request.app[LINK].ask(subjects.on(node, kind), _encode(question), timeout=patience)
            return delivery.data
        except Late:
            raise
        except Unanswered:
            continue
    handler = HANDLER.get(kind, kind)
    raise Problem(503, "unanswered", f"no node answers for {kind}: has one of them {handler} in handlers.run?")


async def nodes(request: web.Request) -> list[Address]:
    """Whom one may ask: this box first, then all that were heard of."""
    app = request.app
    own = Address(app[SETTINGS].site, app[SETTINGS].node, NODE_ITSELF)
    heard = {address._replace(camera=NODE_ITSELF) for address, _, _ in app[HUB].nodes()}
    listed = {Address(record.site, record.node, NODE_ITSELF) for record in app[DIRECTORY]}
    return [own, *sorted((heard | listed) - {own})]
