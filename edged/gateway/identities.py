"""People over HTTP: enrolled, changed, merged, taken apart, erased, and who did that."""

import hashlib
import re
from secrets import token_hex
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import quote

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from edged import enquiries as e
from edged.gateway import uploads
from edged.gateway.errors import Problem
from edged.gateway.historian import PATIENCE, ask
from edged.gateway.parts import PORTRAITS
from edged.gateway.wire import body, matches, query, reply
from edged.identities import Name
from edged.messages import Token

T = TypeVar("T")

LONG = 300.0  # seconds for what reads all there is
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")


class IdentityView(e.Known, frozen=True, kw_only=True):
    """An identity with the place of its best picture."""

    picture_url: str | None


class Enrolment(Struct, frozen=True, kw_only=True):
    """What is said with a picture, as fields of its form or in the query."""

    name: Annotated[Name, Meta(min_length=1)]
    note: e.Note = ""
    watch: bool = False
    status: Literal["known", "pending"] = "known"
    by: e.By = "api"


class EnrolQuery(Enrolment, frozen=True, kw_only=True):
    """The same, for a body that is the picture alone."""

    name: Name = ""


class Said(Struct, frozen=True, kw_only=True):
    by: e.By = "api"


class LiveEnrolment(Enrolment, frozen=True, kw_only=True, forbid_unknown_fields=True):
    camera: str


class LiveSample(Said, frozen=True, kw_only=True, forbid_unknown_fields=True):
    camera: str


class IdentityPatch(Said, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whoever of the unregistered is given a name is `known` then."""

    name: Name | None = None
    note: e.Note | None = None
    watch: bool | None = None
    status: Literal["known", "unregistered", "pending"] | None = None


class Merging(Said, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"others": "from"}):
    others: Annotated[tuple[Token, ...], Meta(min_length=1, max_length=20, description="They become this one.")]


class Splitting(Said, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """These samples are somebody else."""

    samples: Annotated[tuple[Token, ...], Meta(min_length=1, max_length=e.SAMPLES_AT_ONCE)]
    name: Name = ""


class DeleteQuery(Struct, frozen=True, kw_only=True):
    samples: Annotated[bool, Meta(description="False: they stay, and the identity can come back.")] = True
    by: e.By = "api"


class SaidQuery(Struct, frozen=True, kw_only=True):
    by: e.By = "api"


class ChangeQuery(Struct, frozen=True, kw_only=True):
    identity: str = ""
    limit: Annotated[int, Meta(ge=1, le=500)] = 50
    after: Annotated[str, Meta(description="`next` of the page before.")] = ""


async def shown(request: web.Request) -> web.Response:
    return reply(view(await inquire(request, e.Person(id=named(request)), e.Known)))


async def enrolled(request: web.Request) -> web.Response:
    picture, said = await uploads.sent(request)
    told = uploads.told(said, Enrolment)
    return await _enrol(request, told, await _one(request, picture))


async def enrolled_live(request: web.Request) -> web.Response:
    said, _ = await body(request, LiveEnrolment)
    return await _enrol(request, said, await _one_live(request, said.camera))


async def sample_added(request: web.Request) -> web.Response:
    picture, said = await uploads.sent(request)
    told = uploads.told(said, Said)
    return await _add(request, await _one(request, picture), told.by)


async def live_sample_added(request: web.Request) -> web.Response:
    said, _ = await body(request, LiveSample)
    return await _add(request, await _one_live(request, said.camera), said.by)


async def altered(request: web.Request) -> web.Response:
    said, _ = await body(request, IdentityPatch)
    wanted = e.Alter(id=named(request), **msgspec.structs.asdict(said))
    return reply(view(await inquire(request, wanted, e.Known)))


async def deleted(request: web.Request) -> web.Response:
    said = query(request, DeleteQuery)
    await inquire(request, e.Delete(id=named(request), by=said.by, samples=said.samples), e.Known)
    return web.Response(status=204)


async def merged(request: web.Request) -> web.Response:
    said, _ = await body(request, Merging)
    wanted = e.Merge(id=named(request), others=said.others, by=said.by)
    return reply(view(await inquire(request, wanted, e.Known)))


async def split(request: web.Request) -> web.Response:
    said, _ = await body(request, Splitting)
    wanted = e.Split(id=named(request), fresh=_fresh("p"), samples=said.samples, by=said.by, name=said.name)
    made = view(await inquire(request, wanted, e.Known))
    return reply(made, 201, {"Location": f"/api/identities/{made.id}"})


async def sample_removed(request: web.Request) -> web.Response:
    by = query(request, SaidQuery).by
    wanted = e.RemoveSample(id=named(request), sample=named(request, "sample"), by=by)
    return reply(view(await inquire(request, wanted, e.Known)))


async def erased(request: web.Request) -> web.Response:
    wanted = e.Erase(id=named(request), by=query(request, SaidQuery).by)
    return reply(await inquire(request, wanted, e.Erased, LONG))


async def reindexed(request: web.Request) -> web.Response:
    return reply(await inquire(request, e.Reindex(), e.Reindexed, LONG))


async def changes(request: web.Request) -> web.Response:
    asked = query(request, ChangeQuery)
    return reply(await inquire(request, e.Changes(**msgspec.structs.asdict(asked)), e.ChangesAnswer))


async def sample_picture(request: web.Request) -> web.Response:
    """A sample is one picture for ever, unless it is erased: so who has it must ask whether it still may show it."""
    identity, sample = named(request), named(request, "sample")
    jpeg = await request.app[PORTRAITS].get(f"{identity}/{sample}.jpg")
    if jpeg is None:
        raise Problem(404, "not_found", f"identity {identity} has no picture {sample}")
    etag = hashlib.sha256(jpeg).hexdigest()[:32]
    headers = {"ETag": f'"{etag}"', "Cache-Control": "private, no-cache"}
    if matches(request, etag):
        return web.Response(status=304, headers=headers)
    return web.Response(body=jpeg, content_type="image/jpeg", headers=headers)


async def inquire(request: web.Request, wanted: e.Enquiry, answer: type[T], patience: float = PATIENCE) -> T:
    """What the gallery says. Raises BusError, Problem."""
    return await ask(request, wanted, answer, "people", patience)


def named(request: web.Request, what: str = "identity") -> str:
    """The id in the path. Raises Problem for what can be none."""
    id = request.match_info[what]
    if not _TOKEN.fullmatch(id):
        raise Problem(404, "not_found", f"there is no {what} {id[:80]!r}")
    return id


def view(known: e.Known) -> IdentityView:
    fields: dict[str, Any] = {name: getattr(known, name) for name in known.__struct_fields__}
    faces = [sample for sample in known.samples if sample.kind == "face"] or list(known.samples)
    best = max(faces, key=lambda sample: sample.quality, default=None)
    url = f"/api/identities/{quote(known.id)}/samples/{quote(best.id)}.jpg" if best else None
    return IdentityView(**fields, picture_url=url)


async def _one(request: web.Request, picture: bytes) -> e.Shot:
    found = await uploads.faces(request, picture)
    return uploads.shot(uploads.the_one(found), found.model, "upload")


async def _one_live(request: web.Request, camera: str) -> e.Shot:
    picture, place = await uploads.live(request, camera)
    found = await uploads.faces(request, picture)
    return uploads.shot(uploads.the_one(found), found.model, "live", place)


async def _enrol(request: web.Request, said: Enrolment, shot: e.Shot) -> web.Response:
    wanted = e.Enrol(
        id=_fresh("p"), name=said.name, shot=shot, by=said.by, note=said.note, watch=said.watch, status=said.status
    )
    made = view(await inquire(request, wanted, e.Known))
    return reply(made, 201, {"Location": f"/api/identities/{made.id}"})


async def _add(request: web.Request, shot: e.Shot, by: str) -> web.Response:
    wanted = e.AddSample(id=named(request), sample=_fresh("s"), shot=shot, by=by)
    return reply(view(await inquire(request, wanted, e.Known)), 201)


def _fresh(kind: str) -> str:
    """Chosen here, so that a question that had to be asked twice makes one."""
    return f"{kind}{token_hex(8)}"
