"""The viewer's files, read once and served from memory, compressed where that helps."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from edged import shipped
from edged.gateway.errors import Problem
from edged.gateway.headers import origin_of, policy
from edged.gateway.parts import DIRECTORY
from edged.gateway.wire import matches

_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".webmanifest": "application/manifest+json"}
_TEXT = ("text/", "application/json", "application/manifest+json", "image/svg+xml")
_WORTH_IT = 0.9  # of the size; else the browser's work is not worth it


@dataclass(frozen=True)
class File:
    content: bytes
    compressed: bytes | None
    type: str
    etag: str


FILES = web.AppKey("files", dict[str, File])


def viewer() -> dict[str, File]:
    """The viewer that came with this install; empty when none did."""
    try:
        return load(shipped.path("web-static"))
    except FileNotFoundError:
        return {}


def load(root: Path) -> dict[str, File]:
    """Path below `root` -> file."""
    paths = sorted(path for path in root.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {path.relative_to(root).as_posix(): _file(path) for path in paths}


def _file(path: Path) -> File:
    content = path.read_bytes()
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    compressed = gzip.compress(content, 9, mtime=0) if kind.startswith(_TEXT) else content
    return File(
        content=content,
        compressed=compressed if len(compressed) < _WORTH_IT * len(content) else None,
        type=f"{kind}; charset=utf-8" if kind.startswith(_TEXT) else kind,
        etag=hashlib.sha256(content).hexdigest()[:32],
    )


async def file(request: web.Request) -> web.Response:
    """Files keep their names from version to version, so a browser asks each time and is mostly told 304."""
    path = request.match_info["path"]
    found = request.app[FILES].get(path or "index.html")
    if found is None:
        hint = (
            "/ is the viewer, /api/docs lists the API"
            if request.app[FILES]
            else "this install has no viewer, /api/docs lists the API"
        )
        raise Problem(404, "not_found", f"nothing at {request.path}: {hint}")
    headers = {
        "ETag": f'W/"{found.etag}"', "Cache-Control": "no-cache", "Vary": "Accept-Encoding", "Content-Type": found.type,
    }  # fmt: skip
    if found.type.startswith("text/html"):
        headers["Content-Security-Policy"] = policy(
            origin_of(record.camera.direct) for record in request.app.get(DIRECTORY, ()) if record.camera.direct
        )
    if matches(request, found.etag):
        del headers["Content-Type"]
        return web.Response(status=304, headers=headers)
    if found.compressed is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
        return web.Response(body=found.compressed, headers={**headers, "Content-Encoding": "gzip"})
    return web.Response(body=found.content, headers=headers)
