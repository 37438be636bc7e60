"""Alerts over HTTP: found in the history, acknowledged, and taken in from outside workers."""

import uuid
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import quote

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from edged import questions as q
from edged.gateway.cameras import find_camera
from edged.gateway.errors import Problem
from edged.gateway.historian import ask
from edged.gateway.wire import body, query, reply
from edged.messages import AlertRaised, Severity, Time
from edged.subjects import Address


class AlertQuery(Struct, frozen=True, kw_only=True, rename={"camera": "cameraId", "since": "from", "until": "to"}):
    camera: q.CameraName = ""
    rule: str = ""
    severity: Severity | None = None
    since: Annotated[datetime | None, Meta(description="Raised at or after, ISO 8601; UTC where no zone is given.")] = (
        None
    )
    until: Annotated[datetime | None, Meta(description="Raised before.")] = None
    acknowledged: bool | None = None
    page: Annotated[int, Meta(ge=1)] = 1
    limit: Annotated[int, Meta(ge=1, le=500)] = 50


class Alert(q.KnownAlert, frozen=True, kw_only=True, tag="alert"):
    """An alert, where its picture and its clip are, and who has acknowledged it first."""

    snapshot_url: str | None
    clip_url: str | None


class AlertPage(Struct, frozen=True):
    alerts: list[Alert]
    total: int
    page: int
    limit: int


class Acknowledgement(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    by: Annotated[str, Meta(min_length=1, max_length=100)]
    note: Annotated[str, Meta(max_length=1000)] = ""


class OutsideAlert(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"camera": "cameraId"}):
    """What an outside worker has found. The same `id` again is the same alert; without `time` it is now."""

    camera: str
    rule: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    message: Annotated[str, Meta(min_length=1, max_length=1000)]
    severity: Severity = "warning"
    label: Annotated[str, Meta(max_length=64)] = ""
    time: Time | None = None
    id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{0,128}$")] = ""
    snapshot: str | None = None


async def listed(request: web.Request) -> web.Response:
    asked = query(request, AlertQuery)
    if asked.since and asked.until and _utc(asked.until) <= _utc(asked.since):
        raise Problem(
            400, "invalid", f"query.to: {asked.until.isoformat()} is not after from={asked.since.isoformat()}"
        )
    found = await ask(request, q.Alerts(**msgspec.structs.asdict(asked)), q.AlertsAnswer)
    return reply(AlertPage([_with_url(alert) for alert in found.alerts], found.total, asked.page, asked.limit))


async def shown(request: web.Request) -> web.Response:
    return reply(_with_url(await _named(request)))


async def acknowledged(request: web.Request) -> web.Response:
    said, _ = await body(request, Acknowledgement)
    await ask(request, q.Acknowledge(alert=request.match_info["alert"], by=said.by, note=said.note), q.Written)
    return reply(_with_url(await _named(request)))


async def ingested(request: web.Request) -> web.Response:
    found, _ = await body(request, OutsideAlert)
    camera = await find_camera(request, found.camera)
    raised = _raised(found, Address(camera.site, camera.node, camera.camera.id))
    written = await ask(request, q.Raise(alert=raised), q.Written)
    return reply(written, 201, {"Location": f"/api/alerts/{quote(written.id)}"})


async def _named(request: web.Request) -> q.KnownAlert:
    id = request.match_info["alert"]
    found = await ask(request, q.Alerts(id=id), q.AlertsAnswer)
    if not found.alerts:
        raise Problem(404, "not_found", f"no alert {id[:80]!r}: it may be older than history.details_days")
    return found.alerts[0]


def _raised(found: OutsideAlert, where: Address) -> AlertRaised:
    time = found.time or datetime.now(UTC)
    return AlertRaised(
        **where._asdict(), time=time, id=f"outside-{found.id or uuid.uuid4().hex}", rule=found.rule, severity=found.severity,
        label=found.label, session="", track=0, since=time, message=found.message, snapshot=found.snapshot,
    )  # fmt: skip


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _with_url(alert: q.KnownAlert) -> Alert:
    url = f"/api/snapshots/{quote(alert.snapshot)}" if alert.snapshot else None
    clip = f"/api/clips/{quote(alert.clip)}" if alert.clip else None
    fields = {name: getattr(alert, name) for name in alert.__struct_fields__}
    return Alert(**fields, snapshot_url=url, clip_url=clip)
