"""Pictures that somebody sends, or that a camera shows now, and the faces that a recogniser finds in them.

Nothing is decoded here: a picture is bytes of a bounded number until a recogniser has looked at how large it is.
"""

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple, TypeVar

import msgspec
from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from edged import enquiries as e
from edged import subjects
from edged.asking import PictureRequest
from edged.bus.link import Late, Refused, Unanswered
from edged.gateway.cameras import find_camera
from edged.gateway.directory import address_of
from edged.gateway.errors import Problem, invalid
from edged.gateway.historian import nodes
from edged.gateway.parts import LINK, SETTINGS
from edged.identities import Embedded, Face

LOOKING = 20.0  # seconds that a recogniser may take; it may have to load its models first
FIELD = 10_000  # bytes of a form's field
FIELDS = 20
PICTURES = ("picture", "file", "image")  # what forms call it
MODELS = "`edged models list` shows which model files are missing, `edged models pull NAME` fetches them"

_embedded = msgspec.json.Decoder(Embedded)
T = TypeVar("T")


class Sent(NamedTuple):
    """A picture, and what was said with it."""

    picture: bytes
    said: dict[str, str]


async def sent(request: web.Request) -> Sent:
    """A body that is the picture, or a form with it; what is said comes as the form's fields, or in the query. Raises Problem."""
    said = {key: value for key, value in request.query.items() if key != "api_key"}
    if not request.content_type.startswith("multipart/"):
        return Sent(await _limited(request, request.content.iter_chunked(1 << 16)), said)
    try:
        picture, fields = await _form(request, await request.multipart())
    except (HttpProcessingError, ValueError, RuntimeError, AssertionError, LookupError) as error:
        raise Problem(
            400, "invalid", f"body: is no form that can be read ({error}): send multipart/form-data"
        ) from None
    if picture is None:
        raise Problem(400, "invalid", f"body: the form has no picture: call its field {PICTURES[0]}")
    return Sent(picture, said | fields)


def told(said: dict[str, str], kind: type[T]) -> T:
    """What was said with a picture, as `kind`. Raises Problem."""
    try:
        return msgspec.convert(said, kind, strict=False)
    except msgspec.ValidationError as error:
        raise invalid(error, "form") from None


async def live(request: web.Request, camera: str) -> tuple[bytes, str]:
    """(what the camera shows now, `site.node.camera`)."""
    address = address_of(await find_camera(request, camera))
    wanted = msgspec.json.encode(PictureRequest(quality=95))
    delivery = await request.app[LINK].ask(subjects.on(address, "picture"), wanted)
    return delivery.data, str(address)


async def faces(request: web.Request, picture: bytes) -> Embedded:
    """Raises Problem: for what is no picture, and when there is nobody who looks."""
    link = request.app[LINK]
    most = link.max_payload - 4096
    if len(picture) > most:
        raise Problem(
            413, "too_large", f"the picture has {len(picture):,} bytes, {most:,} are the most: send a smaller one"
        )
    refusal: Refused | None = None
    for node in await nodes(request):
        try:
            delivery = await link.ask(subjects.on(node, "embed"), picture, timeout=LOOKING)
            return _embedded.decode(delivery.data)
        except Late:
            raise
        except Refused as refused:
            if refused.code != "unavailable":
                raise
            refusal = refused
        except Unanswered:
            continue
    if refusal:
        raise Problem(503, "unavailable", str(refusal))
    raise Problem(
        503,
        "unanswered",
        f"nobody looks for faces: put faces in handlers.run of a box, with [recognition] on; {MODELS}",
    )


def the_one(found: Embedded) -> Face:
    """The one face that somebody can be recognised by. Raises Problem, which says what is wrong with the picture instead."""
    if not found.faces:
        raise Problem(
            422, "no_face", "no face was found in the picture: send one that shows a face from the front, in good light"
        )
    usable = [face for face in found.faces if not face.reason]
    if not usable:
        raise Problem(422, "unusable_face", f"the face in the picture can't be recognised by: {_reasons(found.faces)}")
    if len(usable) > 1:
        raise Problem(
            422, "several_faces", f"the picture shows {len(usable)} faces: send one that shows only the person meant"
        )
    return usable[0]


def shot(face: Face, model: str, origin: Literal["upload", "live"], camera: str = "") -> e.Shot:
    return e.Shot(
        kind="face", model=model, quality=face.quality, vector=face.vector, jpeg=face.jpeg, origin=origin, camera=camera
    )


async def _form(request: web.Request, reader: MultipartReader) -> tuple[bytes | None, dict[str, str]]:
    picture: bytes | None = None
    fields: dict[str, str] = {}
    while (part := await reader.next()) is not None:
        if not isinstance(part, BodyPartReader):
            raise ValueError("a form in a form")
        if part.name in PICTURES:
            picture = await _limited(request, _chunks(part))
        elif part.name:
            if len(fields) >= FIELDS:
                raise ValueError(f"more than {FIELDS} fields")
            fields[part.name] = (await _bounded(_chunks(part), FIELD, f"the field {part.name[:40]}")).decode()
    return picture, fields


async def _chunks(part: BodyPartReader) -> Any:
    while chunk := await part.read_chunk(1 << 16):
        yield chunk


async def _limited(request: web.Request, chunks: Any) -> bytes:
    most = request.app[SETTINGS].gallery.max_picture
    return await _bounded(chunks, most, "the picture")


async def _bounded(chunks: Any, most: int, what: str) -> bytes:
    held = bytearray()
    async for chunk in chunks:
        held += chunk
        if len(held) > most:
            raise Problem(413, "too_large", f"{what} has more than {most:,} bytes: send less")
    return bytes(held)


def _reasons(found: Iterable[Face]) -> str:
    return ", ".join(dict.fromkeys(face.reason for face in found))
