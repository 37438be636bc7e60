"""Who may ask. With a key: who shows it. Without: this machine alone, and no web page of another site on it."""

import hmac
import ipaddress
from urllib.parse import urlsplit

from aiohttp import web

from edged.gateway.errors import Handler, Problem

OPEN = web.AppKey("open", frozenset[Handler])
ALWAYS_OPEN = web.AppKey("always_open", frozenset[Handler])
KEY = web.AppKey("key", str)
FOR_WORKERS = web.AppKey("for_workers", frozenset[Handler])
WORKER_TOKEN = web.AppKey("worker_token", str)


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address, can only be reached from this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


@web.middleware
async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Lets a request through, or raises Problem 401 or 403. `/health` is for everybody, the viewer's files need no key.

    What outside workers may do wants their token, if there is one, or the key.
    """
    asked = request.match_info.handler
    worker = request.app[WORKER_TOKEN]
    if worker and asked in request.app[FOR_WORKERS]:
        key = request.app[KEY]
        if not _shows(request, worker) and not (key and _shows(request, key)):
            raise Problem(
                401, "login", "this needs auth.worker_token: send it as Authorization: Bearer, or as x-api-key"
            )
    elif asked not in request.app[ALWAYS_OPEN]:
        if not (key := request.app[KEY]):
            _check_local(request)
        elif asked not in request.app[OPEN] and not _shows(request, key):
            raise Problem(
                401,
                "login",
                "this needs the API key: send it as the header x-api-key, as Authorization: Bearer, or as ?api_key=",
                {"WWW-Authenticate": 'Bearer realm="edged"'},
            )
    return await handler(request)


def _shows(request: web.Request, key: str) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    given = (
        request.headers.get("x-api-key", ""),
        token.strip() if scheme.lower() == "bearer" else "",
        request.query.get("api_key", ""),
    )
    # all three are compared, so that the time says nothing
    return any([hmac.compare_digest(one.encode(), key.encode()) for one in given])


def _check_local(request: web.Request) -> None:
    """A name that an attacker points at 127.0.0.1, or a page of another site, must not act for the user of this machine."""
    host = request.headers.get("Host", "")
    if not is_loopback(_hostname(host)):
        raise Problem(
            403, "forbidden", f"{host or 'a request without Host'} is not this machine: open http://localhost, or set auth.api_key"
        )  # fmt: skip
    origin = request.headers.get("Origin")
    foreign = (
        request.headers.get("Sec-Fetch-Site") == "cross-site" and request.headers.get("Sec-Fetch-Mode") != "navigate"
    )
    if foreign or (origin is not None and urlsplit(origin).netloc != host):
        raise Problem(
            403, "forbidden", f"a page of {origin or 'another site'} may not use this gateway: set auth.api_key"
        )


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
