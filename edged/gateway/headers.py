"""What browsers are told about every reply."""

from collections.abc import Awaitable, Callable

from aiohttp import web

# one place for what other origins may do; today nothing, so no Access-Control header is ever sent
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)

_ALWAYS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
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
