"""Which camera URLs may be added over the network: not every one that edged itself could open."""

import socket
from pathlib import Path

from edged import config
from edged.camera import addresses, background, urls


class UrlRefused(ValueError):
    """This URL may not be added from here; the sentence says why and what to do."""


async def check_from_api(url: str, allowed: config.FromApi) -> None:
    """Returns if `url` may be added; UrlRefused otherwise.

    A host that cannot be resolved now is no fault: a camera may be added before it is plugged in.
    """
    try:
        kind = urls.kind(url)
        if kind == "file":
            return await background.start("check path", lambda: _check_file(url, allowed))
        _check_scheme(url, allowed)
        if kind != "device":
            await _check_host(url)
    except UrlRefused:
        raise
    except ValueError as error:
        raise UrlRefused(str(error)) from None


def _check_scheme(url: str, allowed: config.FromApi) -> None:
    scheme = urls.scheme_of(url)
    if scheme not in allowed.schemes:
        raise UrlRefused(
            f"{scheme}: cameras may not be added over the network; use one of {', '.join(allowed.schemes)},"
            f" or add {scheme!r} to from_api.schemes in edged.toml"
        )


def _check_file(url: str, allowed: config.FromApi) -> None:
    path = Path(urls.location(url)).resolve()
    if not any(path.is_relative_to(Path(folder).resolve()) for folder in allowed.file_dirs):
        raise UrlRefused(
            f"{urls.location(url)} may not be opened over the network;"
            " put its folder into from_api.file_dirs in edged.toml, or the camera itself"
        )


async def _check_host(url: str) -> None:
    host, port = urls.endpoint(url)
    try:
        found = await addresses.resolve(host, port)
    except (socket.gaierror, TimeoutError):
        return
    if any(addresses.is_refused(address) for address in found):
        raise UrlRefused(f"{host} is a link-local or metadata address, never a camera; use the camera's own address")
