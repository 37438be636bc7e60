"""Passes for visitors over HTTP, and the badge to print."""

import base64
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from html import escape
from secrets import token_hex
from typing import Annotated, Literal

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from edged import enquiries as e
from edged import timezone
from edged.bus.link import Refused
from edged.gateway.errors import Problem
from edged.gateway.headers import policy
from edged.gateway.identities import inquire, named
from edged.gateway.parts import PORTRAITS, SETTINGS
from edged.gateway.wire import body, query, reply
from edged.identities import Name, Purpose, Visit, VisitState
from edged.messages import Time

_STYLE = """
@page{size:90mm 55mm;margin:0}
body{margin:0;font:10pt/1.35 system-ui,sans-serif;color:#000;background:#fff}
main{box-sizing:border-box;width:90mm;height:55mm;padding:5mm;display:flex;gap:4mm;overflow:hidden}
img{width:28mm;height:33mm;object-fit:cover;border-radius:2mm}
h1{margin:0;font-size:9pt;font-weight:600;letter-spacing:.08em;text-transform:uppercase}
h2{margin:1mm 0;font-size:15pt;line-height:1.15;overflow-wrap:anywhere}
p{margin:.5mm 0;overflow-wrap:anywhere}small{font:8pt ui-monospace,monospace}
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = f"{policy()}; style-src 'sha256-{_HASH}'"


class VisitQuery(Struct, frozen=True, kw_only=True):
    state: Annotated[tuple[VisitState, ...], Meta(description="Repeatable; none: all.")] = ()
    q: Annotated[str, Meta(max_length=200, description="In name, host, company, purpose.")] = ""
    page: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    limit: Annotated[int, Meta(ge=1, le=500)] = 50


class VisitPage(e.VisitsAnswer, frozen=True, kw_only=True):
    page: int
    limit: int


class NewVisit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without `since` from now on. With `identity` of the gallery their arrival is noticed by itself."""

    name: Annotated[Name, Meta(min_length=1)]
    host: Annotated[Name, Meta(min_length=1)]
    until: Time
    since: Time | None = None
    identity: str = ""
    purpose: Purpose = ""
    company: Name = ""
    by: e.By = "api"


class VisitPatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An expired pass that is given more time is valid again."""

    name: Annotated[Name, Meta(min_length=1)] | None = None
    host: Annotated[Name, Meta(min_length=1)] | None = None
    until: Time | None = None
    since: Time | None = None
    identity: str | None = None
    purpose: Purpose | None = None
    company: Name | None = None
    state: Literal["expected", "arrived", "left", "cancelled"] | None = None
    by: e.By = "api"


async def listed(request: web.Request) -> web.Response:
    asked = query(request, VisitQuery)
    wanted = e.Visits(states=asked.state, q=asked.q, page=asked.page, limit=asked.limit)
    found = await inquire(request, wanted, e.VisitsAnswer)
    return reply(VisitPage(visits=found.visits, total=found.total, page=asked.page, limit=asked.limit))


async def registered(request: web.Request) -> web.Response:
    said, _ = await body(request, NewVisit)
    now = datetime.now(UTC)
    visit = Visit(
        id=f"v{token_hex(8)}", name=said.name, host=said.host, since=said.since or now, until=said.until,
        identity=said.identity, purpose=said.purpose, company=said.company, created=now, changed=now,
    )  # fmt: skip
    made = await inquire(request, e.Register(visit=visit, by=said.by), Visit)
    return reply(made, 201, {"Location": f"/api/visitors/{made.id}"})


async def shown(request: web.Request) -> web.Response:
    return reply(await _named(request))


async def altered(request: web.Request) -> web.Response:
    said, _ = await body(request, VisitPatch)
    wanted = e.AlterVisit(id=named(request, "visitor"), **msgspec.structs.asdict(said))
    return reply(await inquire(request, wanted, Visit))


async def erased(request: web.Request) -> web.Response:
    await inquire(request, e.Unregister(id=named(request, "visitor"), by="api"), Visit)
    return web.Response(status=204)


async def badge(request: web.Request) -> web.Response:
    visit = await _named(request)
    zone = timezone.TimeZone(timezone.named(request.app[SETTINGS].time_zone)).tz
    jpeg = await _portrait(request, visit.identity) if visit.identity else None
    text = rendered(visit, jpeg, lambda moment: f"{moment.astimezone(zone):%Y-%m-%d %H:%M}")
    return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": _POLICY})


def rendered(visit: Visit, jpeg: bytes | None, shown: Callable[[datetime], str]) -> str:
    """The badge as one page that loads nothing."""
    portrait = f'<img alt="" src="data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}">' if jpeg else ""
    lines = [
        f"Visits {escape(visit.host)}",
        escape(visit.company),
        escape(visit.purpose),
        f"Valid {escape(shown(visit.since))} to {escape(shown(visit.until))}",
    ]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Visitor {escape(visit.name)}</title><style>{_STYLE}</style><main>{portrait}<div><h1>Visitor</h1>"
        f"<h2>{escape(visit.name)}</h2>{''.join(f'<p>{line}</p>' for line in lines if line)}"
        f"<small>{escape(visit.id)}</small></div></main></html>"
    )


async def _portrait(request: web.Request, identity: str) -> bytes | None:
    """The best picture of whom the pass is for, if they are in the gallery still."""
    try:
        known = await inquire(request, e.Person(id=identity), e.Known)
    except Refused:
        return None
    best = max((one for one in known.samples if one.kind == "face"), key=lambda one: one.quality, default=None)
    return await request.app[PORTRAITS].get(f"{identity}/{best.id}.jpg") if best else None


async def _named(request: web.Request) -> Visit:
    id = named(request, "visitor")
    found = await inquire(request, e.Visits(id=id), e.VisitsAnswer)
    if not found.visits:
        raise Problem(404, "not_found", f"there is no visitor {id!r}")
    return found.visits[0]
