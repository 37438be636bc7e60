"""Rules of alerts over HTTP: what there is, changed, and tried on what has happened. A node that raises alerts checks and keeps them."""

from typing import Annotated
from urllib.parse import quote

from aiohttp import web
from msgspec import Meta, Struct

from edged import questions as q
from edged.gateway.historian import ask
from edged.gateway.wire import body, reply
from edged.rules import AlertRule

Ago = Annotated[float, Meta(gt=0, le=168)]


class RuleList(Struct, frozen=True):
    rules: list[q.KnownRule]


class Trial(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many hours back."""

    hours: Ago = 24.0


class NewTrial(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule that is not saved."""

    rule: AlertRule
    hours: Ago = 24.0


async def listed(request: web.Request) -> web.Response:
    found = await _asked(request, q.Rules())
    return reply(RuleList(found))


async def shown(request: web.Request) -> web.Response:
    return reply((await _asked(request, q.Rules(of=_name(request))))[0])


async def added(request: web.Request) -> web.Response:
    rule, _ = await body(request, AlertRule)
    known = (await _asked(request, q.SetRule(of=rule.name, rule=rule, new=True)))[0]
    return reply(known, 201, {"Location": f"/api/rules/{quote(known.key)}"})


async def written(request: web.Request) -> web.Response:
    rule, _ = await body(request, AlertRule)
    return reply((await _asked(request, q.SetRule(of=_name(request), rule=rule)))[0])


async def removed(request: web.Request) -> web.Response:
    await _asked(request, q.DropRule(of=_name(request)))
    return web.Response(status=204)


async def tested(request: web.Request) -> web.Response:
    trial = (await body(request, Trial))[0] if request.can_read_body else Trial()
    return reply(await ask(request, q.TryRule(of=_name(request), hours=trial.hours), q.TryAnswer, "rules"))


async def tested_new(request: web.Request) -> web.Response:
    trial, _ = await body(request, NewTrial)
    return reply(await ask(request, q.TryRule(rule=trial.rule, hours=trial.hours), q.TryAnswer, "rules"))


def _name(request: web.Request) -> str:
    return request.match_info["rule"]


async def _asked(request: web.Request, question: q.Rules | q.SetRule | q.DropRule) -> list[q.KnownRule]:
    return (await ask(request, question, q.RulesAnswer, "rules")).rules
