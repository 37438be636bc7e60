"""Verdicts on protective equipment over HTTP."""

from typing import Annotated
from urllib.parse import quote

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from edged import questions as q
from edged.gateway.counting import fields
from edged.gateway.historian import ask
from edged.gateway.wire import query, reply
from edged.messages import PpeChecked, Saw


class PpeQuery(Struct, frozen=True, kw_only=True, rename={"camera": "cameraId", "since": "from", "until": "to"}):
    camera: q.CameraName = ""
    item: Annotated[str, Meta(description="Such as `helmet`; without one the verdict is that of the whole person.")] = (
        ""
    )
    verdict: Annotated[
        Saw | None, Meta(description="Of a whole person: `missing` if an item is, `ok` if every one is.")
    ] = None
    since: q.Moment = ""
    until: Annotated[q.Moment, Meta(description="Judged before.")] = ""
    page: Annotated[int, Meta(ge=1)] = 1
    limit: Annotated[int, Meta(ge=1, le=500)] = 50


class Check(PpeChecked, frozen=True, kw_only=True, tag="ppe_checked"):
    """What was said of somebody, and where a picture is."""

    snapshot_url: str


class PpePage(Struct, frozen=True):
    checks: list[Check]
    total: int
    page: int
    limit: int


async def listed(request: web.Request) -> web.Response:
    asked = query(request, PpeQuery)
    found = await ask(request, q.PpeLog(**fields(asked)), q.PpeLogAnswer)
    checks = [_with_url(each) for each in found.checks]
    return reply(PpePage(checks, found.total, asked.page, asked.limit))


def _with_url(check: PpeChecked) -> Check:
    return Check(**msgspec.structs.asdict(check), snapshot_url=f"/api/snapshots/{quote(check.snapshot)}")
