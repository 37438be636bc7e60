"""Whether a camera that failed is back: asked once a second, so that nobody waits out a long back-off before a camera that would answer."""

import asyncio
import re
from pathlib import Path
from urllib.parse import urlsplit

from edged.camera import addresses, reach, urls
from edged.camera.addresses import Address

EVERY = 1.0  # seconds between two knocks
PATIENCE = 1.0  # seconds an answer may take; one that takes longer leaves a camera to its back-off

_STATUS = re.compile(rb"(?:RTSP|HTTP)/1\.\d (\d{3})")


class Door:
    """Remembers what a camera answered last. A knock costs it one small request, without the password, so that nothing locks."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._answer: str | None = None

    async def changes(self) -> None:
        """Returns as soon as the camera answers otherwise than at the last knock, whenever that was."""
        while True:
            before, self._answer = self._answer, await knock(self._url)
            if before not in (None, self._answer):
                return
            await asyncio.sleep(EVERY)


async def knock(url: str) -> str:
    """The number an RTSP or HTTP camera answers with, "open" where TLS hides it, "there" for a device; "" if nobody answers."""
    try:
        match urls.kind(url):
            case "device":
                return "there" if Path(urls.location(url)).exists() else ""
            case "file":
                return ""
        host, port = urls.endpoint(url)
        if reach.goes_through_proxy(url, host):
            return ""
        found = await addresses.resolve(host, port)
        async with asyncio.timeout(PATIENCE):
            return await _first_answer(found, port, url)
    except (OSError, ValueError):  # TimeoutError and gaierror are the one, a URL that is none the other
        return ""


async def _first_answer(found: list[Address], port: int, url: str) -> str:
    for address in found:
        try:
            reader, writer = await asyncio.open_connection(str(address), port)
        except OSError:
            continue
        try:
            if urls.scheme_of(url) in ("rtsps", "https"):
                return "open"
            writer.write(_request(url))
            answered = _STATUS.match(await reader.read(64))
            return answered[1].decode() if answered else ""
        finally:
            writer.transport.abort()
    return ""


def _request(url: str) -> bytes:
    """What libav asks first; the login is left out."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if urls.kind(url) == "rtsp":
        return f"DESCRIBE rtsp://{place}{target} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n".encode()
    return f"GET {target} HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\n\r\n".encode()
