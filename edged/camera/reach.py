"""Is there anything at the other end? Asked before libav is, whose answers here are slow or all alike."""

import asyncio
import socket
import time
from urllib.request import getproxies, proxy_bypass

from edged.camera import addresses, faults, urls
from edged.camera.addresses import Address

AGAIN = (
    2.0  # seconds; the system repeats a lost SYN after 1 s, then only after 3 and 7, so a new attempt is sooner there
)


async def check(url: str, timeout: float) -> None:
    """Returns when a TCP connection to the camera of `url` could be made within `timeout` seconds; raises CameraFault.

    libav calls an unknown host an I/O error, cannot be interrupted while it resolves one, and does not tell a dead
    host from a silent one. Files and devices pass.
    """
    try:
        if urls.kind(url) in ("file", "device"):
            return
        host, port = urls.endpoint(url)
    except ValueError as error:
        raise faults.CameraFault("format", str(error)) from None
    if goes_through_proxy(url, host):
        return
    try:
        found = await addresses.resolve(host, port)
    except (socket.gaierror, TimeoutError, UnicodeError):
        raise faults.unknown_host(url) from None
    await _connect_to_any(found, url, port, time.monotonic() + timeout)


async def _connect_to_any(found: list[Address], url: str, port: int, deadline: float) -> None:
    while True:
        fault, silent = faults.silent(url), False
        for address in found:
            try:
                async with asyncio.timeout(max(0.1, min(AGAIN, deadline - time.monotonic()))):
                    await _connect(address, port)
            except OSError as error:
                silent |= isinstance(error, TimeoutError)
                fault = faults.of(error, url, opening=True)
            else:
                return
        if not silent or time.monotonic() >= deadline:
            raise fault


async def _connect(address: Address, port: int) -> None:
    with socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6) as tried:
        tried.setblocking(False)
        await asyncio.get_running_loop().sock_connect(tried, (str(address), port))


def goes_through_proxy(url: str, host: str) -> bool:
    """Whether libav would ask a proxy: it obeys the same environment variables."""
    return urls.scheme_of(url) in ("http", "https") and "http" in getproxies() and not proxy_bypass(host)
