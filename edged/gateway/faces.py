"""Lists of people, and who is like somebody."""

from datetime import datetime
from typing import Annotated

import numpy as np
from aiohttp import web
from msgspec import Meta, Struct

from edged import enquiries as e
from edged.gateway import uploads
from edged.gateway.errors import Problem
from edged.gateway.identities import IdentityView, inquire, view
from edged.gateway.wire import body, query, reply
from edged.messages import IdentityStatus

DIMENSIONS = 4_096


class FaceQuery(Struct, frozen=True, kw_only=True, rename={"since": "from", "until": "to", "cameras": "camera_ids"}):
    """Filters hold together; what may be repeated holds for any of its values."""

    status: Annotated[tuple[IdentityStatus, ...], Meta(description="Repeatable; none: all but deleted.")] = ()
    q: Annotated[str, Meta(max_length=200, description="In the name.")] = ""
    since: Annotated[datetime | None, Meta(description="Seen at or after, ISO 8601; UTC where no zone is given.")] = (
        None
    )
    until: Annotated[datetime | None, Meta(description="Seen before.")] = None
    cameras: Annotated[
        tuple[str, ...], Meta(max_length=100, description="Seen there: `id`, `node.id` or `site.node.id`; repeatable.")
    ] = ()
    sort: e.Sort = "last_seen"
    order: e.Order = "desc"
    limit: Annotated[int, Meta(ge=1, le=100)] = 50
    cursor: Annotated[str, Meta(max_length=2000, description="`next_cursor` or `previous_cursor` of a page.")] = ""


class FacePage(Struct, frozen=True, kw_only=True):
    """`counts` are of all, by status. `total_estimate` is of what was asked for: exact up to a thousand, and at least that beyond."""

    faces: list[IdentityView]
    next_cursor: str | None
    previous_cursor: str | None
    counts: dict[str, int]
    total_estimate: int
    limit: int


class Likeness(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Either `id`, or `vector` and, where there are several, `model`."""

    id: str = ""
    vector: Annotated[tuple[float, ...], Meta(max_length=DIMENSIONS)] = ()
    model: Annotated[str, Meta(max_length=200)] = ""
    top: Annotated[int, Meta(ge=1, le=100)] = 10


class TopQuery(Struct, frozen=True, kw_only=True):
    top: Annotated[int, Meta(ge=1, le=100, description="With a picture.")] = 10


class FaceMatch(Struct, frozen=True, kw_only=True):
    """`score` is the cosine of the best sample."""

    identity: IdentityView
    sample: str
    score: float


class FaceMatches(Struct, frozen=True, kw_only=True):
    """The best first, one for each identity. `searched` is how many samples there are, `faces` how many the picture shows: the largest usable one is meant."""

    matches: list[FaceMatch]
    searched: int
    faces: int | None = None


async def listed(request: web.Request) -> web.Response:
    asked = query(request, FaceQuery)
    found = await inquire(
        request,
        e.People(
            statuses=asked.status, q=asked.q, since=asked.since, until=asked.until, cameras=asked.cameras,
            sort=asked.sort, order=asked.order, limit=asked.limit, cursor=asked.cursor,
        ),
        e.PeopleAnswer,
    )  # fmt: skip
    page = FacePage(
        faces=[view(known) for known in found.people], next_cursor=found.next, previous_cursor=found.previous,
        counts=found.counts, total_estimate=found.total_estimate, limit=asked.limit,
    )  # fmt: skip
    return reply(page)


async def searched(request: web.Request) -> web.Response:
    if request.content_type == "application/json":
        said, _ = await body(request, Likeness)
        return reply(await _nearest(request, _wanted(said)))
    top = query(request, TopQuery).top
    picture, _ = await uploads.sent(request)
    found = await uploads.faces(request, picture)
    usable = [face for face in found.faces if not face.reason]
    face = usable[0] if usable else uploads.the_one(found)
    wanted = e.Nearest(model=found.model, vector=face.vector, top=top)
    return reply(await _nearest(request, wanted, len(found.faces)))


def _wanted(said: Likeness) -> e.Nearest:
    if bool(said.id) == bool(said.vector):
        raise Problem(400, "invalid", "body: say either id or vector, or send a picture instead")
    with np.errstate(over="ignore"):
        vector = np.array(said.vector, "<f4")
    if not np.isfinite(vector).all():
        raise Problem(400, "invalid", "body.vector: holds a number that is too large")
    return e.Nearest(model=said.model, vector=vector.tobytes(), id=said.id, top=said.top)


async def _nearest(request: web.Request, wanted: e.Nearest, faces: int | None = None) -> FaceMatches:
    found = await inquire(request, wanted, e.NearestAnswer)
    matches = [FaceMatch(identity=view(near.identity), sample=near.sample, score=near.score) for near in found.matches]
    return FaceMatches(matches=matches, searched=found.searched, faces=faces)
