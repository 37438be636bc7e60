"""Cameras over HTTP: listed from the table, changed by asking the node that owns them."""

from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, Struct, UnsetType

from edged import config, subjects
from edged.asking import CameraRecord, ProbeReport, ProbeRequest
from edged.gateway.directory import address_of
from edged.gateway.errors import Problem
from edged.gateway.parts import DIRECTORY, HUB, LINK, SETTINGS
from edged.gateway.redaction import redacted
from edged.gateway.wire import body, query, reply
from edged.messages import CameraHealth, CameraStatus
from edged.subjects import Address

_PATIENCE = 8.0  # seconds for a node to write down a change
_record = msgspec.json.Decoder(CameraRecord)
_report = msgspec.json.Decoder(ProbeReport)


Way = Literal["direct", "janus", "webrtc"]


class View(config.Camera, frozen=True, kw_only=True):
    """A camera: what is configured, where it lives, and how it does. `secret` says that the node keeps a password for its URL.

    `ways` are those its video may be had by, the best first; pictures are always to be had.
    `health` is null while nothing is heard of it.
    """

    key: str
    site: str
    node: str
    secret: bool
    origin: Literal["file", "api"]
    ways: tuple[Way, ...]
    health: CameraHealth | None


class Page(Struct, frozen=True):
    cameras: list[View]
    total: int
    page: int
    limit: int


class ListQuery(Struct, frozen=True):
    page: Annotated[int, Meta(ge=1)] = 1
    limit: Annotated[int, Meta(ge=1, le=500)] = 50
    q: Annotated[str, Meta(description="Part of an id, a name or a location.")] = ""
    site: str = ""
    node: str = ""
    status: Annotated[CameraStatus | Literal["silent", ""], Meta(description="`silent`: nothing is heard of it.")] = ""


class NewCamera(config.Camera, frozen=True, kw_only=True):
    """A camera to add. Without `id` it is made from `name` or the URL; `node` and `site` are needed when there are several."""

    id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{0,64}$")] = ""
    site: str = ""
    node: str = ""


# every field of a camera but its id, each of which may be left out
CameraPatch = msgspec.defstruct(
    "CameraPatch",
    [(each.name, each.type | UnsetType, UNSET) for each in msgspec.structs.fields(config.Camera) if each.name != "id"],
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
)


class DetectionSwitch(Struct, frozen=True, forbid_unknown_fields=True):
    enabled: bool


class Rate(Struct, frozen=True, forbid_unknown_fields=True):
    fps: Annotated[float, Meta(gt=0, le=60)]


class Probe(ProbeRequest, frozen=True, kw_only=True):
    """A URL to look at, from the node named."""

    site: str = ""
    node: str = ""


async def listed(request: web.Request) -> web.Response:
    asked = query(request, ListQuery)
    directory = await request.app[DIRECTORY].ready()
    views = [view for record in directory if _fits(view := _view(request, record), asked)]
    start = (asked.page - 1) * asked.limit
    return reply(Page(views[start : start + asked.limit], len(views), asked.page, asked.limit))


async def shown(request: web.Request) -> web.Response:
    return reply(_view(request, await named(request)))


async def added(request: web.Request) -> web.Response:
    camera, patch = await body(request, NewCamera)
    directory = await request.app[DIRECTORY].ready()
    node = directory.node(camera.site, camera.node)
    patch = {name: value for name, value in patch.items() if name not in ("site", "node")}
    patch["id"] = camera.id or directory.new_id(node, camera.name, camera.url)
    address = node._replace(camera=patch["id"])
    if address in directory:
        raise Problem(409, "exists", f"there is a camera {address} already: PATCH it, or choose another id")
    view = await _ask(request, address, "set", patch)
    return reply(view, 201, {"Location": f"/api/cameras/{view.key}"})


async def changed(request: web.Request) -> web.Response:
    _, patch = await body(request, CameraPatch)
    return reply(await _ask(request, address_of(await named(request)), "set", patch))


async def removed(request: web.Request) -> web.Response:
    address = address_of(await named(request))
    await request.app[LINK].ask(subjects.on(address, "remove"), timeout=_PATIENCE)
    request.app[DIRECTORY].forget(address)
    return web.Response(status=204)


async def started(request: web.Request) -> web.Response:
    return reply(await _ask(request, address_of(await named(request)), "start"))


async def stopped(request: web.Request) -> web.Response:
    return reply(await _ask(request, address_of(await named(request)), "stop"))


async def detection(request: web.Request) -> web.Response:
    switch, _ = await body(request, DetectionSwitch)
    return reply(await _ask(request, address_of(await named(request)), "set", {"detection": switch.enabled}))


async def fps(request: web.Request) -> web.Response:
    rate, _ = await body(request, Rate)
    return reply(await _ask(request, address_of(await named(request)), "set", {"fps": rate.fps}))


async def probed(request: web.Request) -> web.Response:
    probe, _ = await body(request, Probe)
    node = (await request.app[DIRECTORY].ready()).node(probe.site, probe.node)
    asked = msgspec.json.encode(ProbeRequest(url=probe.url, transport=probe.transport, seconds=probe.seconds))
    delivery = await request.app[LINK].ask(subjects.on(node, "probe"), asked, timeout=probe.seconds + _PATIENCE)
    report = _report.decode(delivery.data)
    return reply(msgspec.structs.replace(report, url=redacted(report.url)))


async def find_camera(request: web.Request, name: str) -> CameraRecord:
    return (await request.app[DIRECTORY].ready()).find(name)


async def named(request: web.Request) -> CameraRecord:
    """The camera in the path."""
    return (await request.app[DIRECTORY].ready()).find(request.match_info["camera"])


async def _ask(request: web.Request, address: Address, verb: str, patch: dict[str, Any] | None = None) -> View:
    """Asks the camera's node for a change; what it answers is known to the next request."""
    payload = b"" if patch is None else msgspec.json.encode(patch)
    delivery = await request.app[LINK].ask(subjects.on(address, verb), payload, timeout=_PATIENCE)
    record = _record.decode(delivery.data)
    request.app[DIRECTORY].learn(record)
    return _view(request, record)


def _view(request: web.Request, record: CameraRecord) -> View:
    address = address_of(record)
    fields = msgspec.structs.asdict(record.camera)
    fields["url"] = redacted(record.camera.url)
    return View(
        **fields,
        key=str(address),
        site=record.site,
        node=record.node,
        secret=record.secret,
        origin=record.origin,
        ways=_ways(request.app[SETTINGS], record.camera),
        health=request.app[HUB].camera_health(address),
    )


def _ways(settings: config.Config, camera: config.Camera) -> tuple[Way, ...]:
    offered: dict[Way, bool] = {
        "direct": bool(camera.direct),
        # what Janus shows may come from the camera itself
        "janus": bool(settings.janus.ws_url) and not camera.recognition.blur,
        "webrtc": settings.webrtc.enabled,
    }
    return tuple(way for way, is_there in offered.items() if is_there)


def _fits(view: View, asked: ListQuery) -> bool:
    status = view.health.status if view.health else "silent"
    text = f"{view.id}\n{view.name}\n{view.location}".casefold()
    return (
        asked.q.casefold() in text
        and asked.site in ("", view.site)
        and asked.node in ("", view.node)
        and asked.status in ("", status)
    )
