"""Every failure as `{"error": {"code", "message"}}` with a fitting status."""

from collections.abc import Awaitable, Callable, Mapping

import msgspec
import structlog
from aiohttp import web

from edged.asking import ErrorCode
from edged.bus.link import BusError, Late, Refused, Unanswered
from edged.gateway.redaction import redacted

log = structlog.get_logger()

_LEFT = 499  # nginx' number for it; nobody is there to see it
_LONGEST = 500  # characters of a sentence, part of which may be what a client said

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

STATUS: dict[ErrorCode, int] = {"invalid": 400, "forbidden": 403, "not_found": 404, "limit": 429, "unavailable": 503}


class ErrorDetail(msgspec.Struct, frozen=True):
    """`code` is for programs, `message` for people: what is wrong, where, and what to do next."""

    code: str
    message: str


class ErrorReply(msgspec.Struct, frozen=True):
    error: ErrorDetail


class Problem(Exception):
    """Ends a request with a status and a sentence."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers


def problem_of(error: BusError) -> Problem:
    """What a failure of the bus means to who asked over HTTP."""
    match error:
        case Refused():
            return Problem(STATUS[error.code], error.code, str(error))
        case Late():
            return Problem(504, "timeout", str(error))
        case Unanswered():
            return Problem(503, "unanswered", str(error))
        case _:
            return Problem(503, "bus", str(error))


@web.middleware
async def as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turns whatever ends a request into JSON."""
    try:
        return await handler(request)
    except Problem as problem:
        return _reply(problem)
    except BusError as error:
        return _reply(problem_of(error))
    except web.HTTPException as error:
        return _reply(_from_aiohttp(request, error))
    except ConnectionError:
        return _hung_up(request)
    except Exception:  # one request must not end the others, and the client must hear something
        log.exception("request failed", method=request.method, path=request.path)
        return _reply(Problem(500, "internal", "the gateway failed; its log says why"))


def _hung_up(request: web.Request) -> web.Response:
    """For a client that left, or that must not take what it has got for the whole. Raised on, it would be a traceback in the log."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=_LEFT)


def _reply(problem: Problem) -> web.Response:
    sentence = redacted(str(problem))
    if len(sentence) > _LONGEST:
        sentence = f"{sentence[:_LONGEST]}…"
    body = msgspec.json.encode(ErrorReply(ErrorDetail(problem.code, sentence)))
    return web.Response(
        status=problem.status, body=body, headers=problem.headers, content_type="application/json", charset="utf-8"
    )


def _from_aiohttp(request: web.Request, error: web.HTTPException) -> Problem:
    match error:
        case web.HTTPNotFound():
            return Problem(404, "not_found", f"nothing at {request.path}: /api/docs lists what there is")
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            sentence = f"{request.path} does not take {request.method}: use {allowed}"
            return Problem(405, "method_not_allowed", sentence, {"Allow": allowed})
        case web.HTTPRequestEntityTooLarge():
            return Problem(413, "too_large", "the body is larger than gateway.max_body allows: send less")
        case _:
            return Problem(error.status, "invalid" if error.status < 500 else "internal", error.text or error.reason)


def invalid(error: Exception, place: str) -> Problem:
    """400 for what msgspec could not take, with the place in words: `body.fps: Expected `float`, got `str``."""
    sentence, _, path = str(error).partition(" - at `$")
    return Problem(400, "invalid", f"{place}{path.rstrip('`')}: {sentence}")
