"""What browsers are told about every reply."""

from collections.abc import Awaitable, Callable, Iterable
from urllib.parse import urlsplit

from aiohttp import web


def policy(others: Iterable[str] = ()) -> str:
    """Content-Security-Policy: everything from here, and live video also from these `others`, which are origins.

    This is the one place for what other origins may do; no Access-Control header is ever sent.
    """
    beside = "".join(f" {origin}" for origin in sorted(set(others)))
    return "; ".join(
        (
            "default-src 'self'",
            "img-src 'self' blob: data:",
            f"media-src 'self' blob:{beside}",
            *([f"connect-src 'self'{beside}"] if beside else []),
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'self'",
        )
    )


def origin_of(direct: str) -> str:
    """`https://media.lan:8889` of a camera's `direct` URL."""
    parts = urlsplit(direct.removeprefix("whep+"))
    return f"{parts.scheme}://{parts.netloc}"


_ALWAYS = {
    "Content-Security-Policy": policy(),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}


def secure(with_key: bool) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """A signal for `app.on_response_prepare`. With a key, whoever knows it may show our pictures on a page of his own."""
    always = {**_ALWAYS, "Cross-Origin-Resource-Policy": "cross-origin" if with_key else "same-site"}

    async def add(request: web.Request, response: web.StreamResponse) -> None:
        for name, value in always.items():
            response.headers.setdefault(name, value)
        response.headers["Server"] = "edged"

    return add
