"""Camera URLs: what kind of source one is, and how to show and keep it without its secrets."""

import re
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

Kind = Literal["rtsp", "http", "file", "device"]

HIDDEN = "***"
PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}

_KINDS: dict[str, Kind] = {
    "rtsp": "rtsp",
    "rtsps": "rtsp",
    "http": "http",
    "https": "http",
    "file": "file",
    "v4l2": "device",
}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)([^\s'\"<>]*)")
_SECRET_VALUE = re.compile(
    r"([?&;#][\w.-]*(?:pass|pwd|token|key|auth|secret|sig|credential)[\w.-]*=)([^&;#\s'\"<>]*)", re.IGNORECASE
)
_USERINFO = "@"  # the name of the URL's own password among its secrets; no query name can be it


def kind(url: str) -> Kind:
    """`rtsp`, `http`, `file` or `device` (V4L2); ValueError names the schemes there are."""
    scheme = scheme_of(url)
    if scheme not in _KINDS:
        raise ValueError(
            f"{redact(url)!r} is not a camera URL: use rtsp://, rtsps://, http://, https://, a file or /dev/videoN"
        )
    return _KINDS[scheme]


def scheme_of(url: str) -> str:
    """The scheme in lower case; a bare path is `file`, and `v4l2` below /dev/video."""
    if found := _SCHEME.match(url):
        return found[1].lower()
    return "v4l2" if url.startswith("/dev/video") else "file"


def location(url: str) -> str:
    """What the operating system opens for a file or a device, and what libav opens for the rest."""
    if kind(url) in ("rtsp", "http") or not _SCHEME.match(url):
        return url
    return unquote(urlsplit(url).path)


def endpoint(url: str) -> tuple[str, int]:
    """(host, port) of a network camera; ValueError if the URL lacks a host or has no such port."""
    parts = urlsplit(url)
    if not parts.hostname:
        raise ValueError(f"{redact(url)!r} names no host: write {parts.scheme}://host/path")
    try:
        return parts.hostname, parts.port or PORTS[parts.scheme.lower()]
    except ValueError:
        # urllib's own sentence quotes what stands where the port should, which may be half a password
        raise ValueError(f"{redact(url)!r} has no valid port: write @ : / in a password as %40 %3A %2F") from None


def place(url: str) -> str:
    """Where a camera is, for a sentence: `host:port`, or the path."""
    if kind(url) in ("file", "device"):
        return location(url)
    host, port = endpoint(url)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def has_login(url: str) -> bool:
    return "@" in urlsplit(url).netloc


def redact(text: str) -> str:
    """`text` with the user part and the secret query values of every URL in it hidden."""
    return _SECRET_VALUE.sub(rf"\1{HIDDEN}", _URL.sub(lambda found: found[1] + _without_login(found[2]), text))


def _without_login(rest: str) -> str:
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" not in authority and "@" in rest and re.search(r":(?!\d*$)", authority.rpartition("]")[2]):
        authority = rest  # a password with a / in it: the URL is broken, and must still not be shown
    login, at, _ = authority.rpartition("@")
    return f"{HIDDEN}@{rest[len(login) + 1 :]}" if at else rest


def split_secret(url: str) -> tuple[str, str | None]:
    """(the URL without its password, the secret that `join_secret` takes or None).

    The user's name stays. Secret query values become `***`.
    """
    secrets: list[tuple[str, str]] = []

    def hide(found: re.Match[str]) -> str:
        if found[2] and found[2] != HIDDEN:
            secrets.append((found[1][1:-1], found[2]))
            return found[1] + HIDDEN
        return found[0]

    scheme, colon, rest = url.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    login, at, host = authority.rpartition("@")
    user, between, password = login.partition(":")
    if not colon or not at or not between:
        public = url
    else:
        secrets.append((_USERINFO, password))
        public = f"{scheme}://{user}@{host}{rest[len(authority) :]}"
    public = _SECRET_VALUE.sub(hide, public)
    return public, urlencode(secrets) if secrets else None


def join_secret(url: str, secret: str | None) -> str:
    """The URL that was split. What the URL says itself goes before what the secret remembers."""
    kept = dict(parse_qsl(secret or "", keep_blank_values=True))

    def show(found: re.Match[str]) -> str:
        return found[1] + kept.get(found[1][1:-1], HIDDEN) if found[2] == HIDDEN else found[0]

    url = _SECRET_VALUE.sub(show, url)
    scheme, _, rest = url.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    login, at, host = authority.rpartition("@")
    if _USERINFO not in kept or not at or ":" in login:
        return url
    return f"{scheme}://{login}:{kept[_USERINFO]}@{host}{rest[len(authority) :]}"
