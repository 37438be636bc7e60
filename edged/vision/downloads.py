"""Fetching a model's file: continued where it broke off, compared with its hash, and there under its name only when whole."""

import http
import http.client
import shutil
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from edged import __version__
from edged.vision import models
from edged.vision.cards import Card
from edged.vision.tensors import ModelError

_TIMEOUT = 10.0  # seconds without a byte
_CHUNK = 1 << 16

Progress = Callable[[int, int], None]
"""(bytes here, bytes in all or 0 where the server doesn't say); may raise to end the download, which can be continued later."""


def pull(card: Card, folder: Path, progress: Progress) -> Path:
    """The file of `card` in `folder`, fetched and verified. Blocks; ModelError says what went wrong."""
    if not card.source:
        raise ModelError(f"model {card.name}: its card has no source; put {card.file} into {folder} yourself")
    file, part = folder / card.file, folder / (card.file + ".part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _fetch(card.source, part, progress)
        _accept(card, part, file)
    except urllib.error.HTTPError as error:
        raise ModelError(f"model {card.name}: {card.source} answered {error.code} {error.reason}") from error
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError, ssl.SSLError) as error:
        reason = getattr(error, "reason", None) or error
        raise ModelError(
            f"model {card.name}: can't fetch {card.source}: {reason}; try again, it goes on from there"
        ) from error
    except OSError as error:
        raise ModelError(f"model {card.name}: can't write {error.filename or folder}: {error.strerror}") from error
    return file


def take(card: Card, origin: Path, folder: Path) -> Path:
    """The file of `card` in `folder`, copied from `origin` and verified. ModelError when it is another file, or can't be copied."""
    file, part = folder / card.file, folder / (card.file + ".part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(origin, part)
        _accept(card, part, file)
    except OSError as error:
        raise ModelError(f"model {card.name}: can't copy {origin} to {file}: {error.strerror}") from error
    return file


def _fetch(url: str, part: Path, progress: Progress) -> None:
    have = part.stat().st_size if part.exists() else 0
    with _open(url, have) as response:
        goes_on = response.status == http.HTTPStatus.PARTIAL_CONTENT
        have = have if goes_on else 0
        total = have + int(response.headers.get("Content-Length") or 0)
        with part.open("ab" if goes_on else "wb") as stream:
            progress(have, total)
            while chunk := response.read1(_CHUNK):
                stream.write(chunk)
                have += len(chunk)
                progress(have, total)
        if have < total:
            raise http.client.IncompleteRead(b"", total - have)


def _open(url: str, have: int) -> http.client.HTTPResponse:
    """The answer with what follows the first `have` bytes, or with everything."""
    headers = {"User-Agent": f"edged/{__version__}", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        response: http.client.HTTPResponse = urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), timeout=_TIMEOUT
        )
    except urllib.error.HTTPError as error:
        if not have or error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        return _open(url, 0)  # nothing follows: what is here is another file, or whole and not yet compared
    return response


def _accept(card: Card, part: Path, file: Path) -> None:
    """Renames `part` to `file` when its hash is right; deletes it when not."""
    digest = models.sha256(part)
    wanted = card.sha256 or models.recorded(file)
    if wanted and digest != wanted:
        part.unlink()
        where = "the card" if card.sha256 else f"the first download ({file.name}.sha256)"
        raise ModelError(
            f"model {card.name}: refused, SHA-256 is {digest}, but {where} says {wanted}; "
            "try again, and if that stays so, the file at its source has been changed"
        )
    part.replace(file)
    if not card.sha256:
        models.record(file, digest)
