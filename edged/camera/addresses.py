"""Host names to addresses, and which addresses nobody may make a camera of over the network."""

import asyncio
import ipaddress
import socket
from collections.abc import Iterator

from edged.camera import background

RESOLVE_TIMEOUT = 3.0  # the system's own is 10 s and more

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Where clouds keep the credentials of a machine, as far as it is not link-local anyway: Alibaba, Azure, Oracle, AWS over IPv6.
_METADATA = frozenset(
    ipaddress.ip_address(text) for text in ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254")
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


async def resolve(host: str, port: int) -> list[Address]:
    """Every address of `host`; `socket.gaierror` if there is none, TimeoutError after `RESOLVE_TIMEOUT`.

    The resolver reads 2852039166, 0xa9fea9fe and 0251.0376.0251.0376 as the addresses they are, just as libav will.
    """
    asked = background.start("resolve", lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    async with asyncio.timeout(RESOLVE_TIMEOUT):
        found = await asked
    return list(dict.fromkeys(ipaddress.ip_address(str(entry[4][0])) for entry in found))


def is_refused(address: Address) -> bool:
    """Link-local, or a metadata service, in whatever form it is written."""
    return any(form.is_link_local or form in _METADATA for form in _forms(address))


def _forms(address: Address) -> Iterator[Address]:
    yield address
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            yield address.ipv4_mapped
        if address.sixtofour:
            yield address.sixtofour
        if address in _NAT64:
            yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
