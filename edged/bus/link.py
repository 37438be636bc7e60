"""One connection to NATS that never gives up: publish, subscribe, ask and answer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import msgspec
import structlog
from nats import errors, micro
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.micro.request import ERROR_CODE_HEADER, ERROR_HEADER, Request

from edged import __version__, subjects
from edged.asking import ErrorCode
from edged.bus.cancellation import heed_cancellation
from edged.mailbox import Inbox
from edged.messages import Message

log = structlog.get_logger()

T = TypeVar("T")
ANSWERS_AT_ONCE = 256
_encode = msgspec.json.Encoder().encode


class BusError(Exception):
    """NATS could not do it; the text says what, where and what next."""


class Refused(BusError):
    """The other side said no, with one of the codes of `asking.ErrorCode`."""

    def __init__(self, code: ErrorCode, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class Unanswered(BusError):
    """Nobody answered, or not in time."""


class Late(Unanswered):
    """Somebody listens, but did not answer in time."""


class Delivery(NamedTuple):
    """One message as it came: the payload untouched."""

    subject: str
    data: bytes
    headers: Mapping[str, str]


Answer = tuple[bytes, dict[str, str]]
Handler = Callable[[Delivery], Awaitable[Answer]]


@dataclass
class Link:
    """`connections` counts how often the server was reached: after a change of it, whatever lived in the server's memory is gone.

    `url` is where it was connected to. `unsent` counts frame traffic dropped for want of a connection. `trouble` says why the server, which is
    our own, must not be given anything to keep; empty: it may.
    """

    nc: Client
    url: str
    trouble: Callable[[], str] = str
    connections: int = 1
    unsent: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def connected(self) -> bool:
        return self.nc.is_connected

    @property
    def max_payload(self) -> int:
        """Bytes that the server takes in one message."""
        return int(self.nc.max_payload)

    @property
    def server_version(self) -> tuple[int, int, int]:
        version = self.nc.connected_server_version
        return version.major, version.minor, version.patch

    def jetstream(self, timeout: float = 5.0) -> JetStreamContext:
        """JetStream on this connection; for use inside `edged.bus`."""
        return self.nc.jetstream(timeout=timeout)

    def room(self) -> None:
        """Raises BusError if there is none for what the server is to keep."""
        if trouble := self.trouble():
            raise BusError(trouble)

    async def connection_after(self, seen: int) -> int:
        """Waits until the server was reached more often than `seen`; returns the new count."""
        while self.connections <= seen:
            self._changed.clear()
            await self._changed.wait()
        return self.connections

    async def while_it_lasts(self, work: Coroutine[None, None, T]) -> T:
        """What `work` returns. Raises BusError when the connection is another one meanwhile: answers to what it asked never come then."""
        asking = asyncio.ensure_future(work)
        another = asyncio.ensure_future(self.connection_after(self.connections))
        try:
            await asyncio.wait({asking, another}, return_when=asyncio.FIRST_COMPLETED)
            if asking.done():
                return asking.result()
        finally:
            another.cancel()
            asking.cancel()
            await asyncio.wait({asking})
        log.debug(
            "given up with the connection", outcome="cancelled" if asking.cancelled() else repr(asking.exception())
        )
        raise BusError("the connection to nats-server was lost meanwhile")

    async def publish(self, message: Message) -> None:
        """Frame traffic: sent now or never. Stale frames buffered for a lost broker would only delay fresh ones."""
        if not self.nc.is_connected:
            self.unsent += 1
            return
        try:
            await self.nc.publish(subjects.of(message), _encode(message))
            heed_cancellation()
        except (errors.OutboundBufferLimitError, errors.ConnectionClosedError):
            self.unsent += 1

    async def send(self, subject: str, payload: bytes, headers: dict[str, str], reply: str = "") -> None:
        """The same for what is no JSON. `reply`: where the server says that nobody has subscribed, see `bus.interest`.

        Raises Refused for more than the server takes in one message.
        """
        if not self.nc.is_connected:
            self.unsent += 1
            return
        try:
            await self.nc.publish(subject, payload, reply=reply, headers=headers)
            heed_cancellation()
        except errors.MaxPayloadError:
            raise Refused("limit", too_large(len(payload), self.nc.max_payload)) from None
        except (errors.OutboundBufferLimitError, errors.ConnectionClosedError):
            self.unsent += 1

    @asynccontextmanager
    async def subscribe(self, subject: str, size: int = 1024) -> AsyncIterator[Inbox[Delivery]]:
        """Everything on `subject` while the block lasts; a reader that falls `size` behind loses the oldest."""
        inbox: Inbox[Delivery] = Inbox(size)
        async with self.hear(subject, inbox.put):
            yield inbox

    @asynccontextmanager
    async def hear(self, subject: str, take: Callable[[Delivery], None]) -> AsyncIterator[None]:
        """While the block lasts `take` is called with everything on `subject`, without another turn of the loop."""

        async def receive(msg: Msg) -> None:
            take(Delivery(msg.subject, msg.data, msg.headers or {}))

        subscription = await self.nc.subscribe(subject, cb=receive)
        await self._registered()
        try:
            yield
        finally:
            with suppress(errors.Error, OSError):
                await subscription.unsubscribe()

    async def ask(self, subject: str, payload: bytes = b"", timeout: float = 5.0) -> Delivery:
        """The answer to a request. Raises Refused with the other side's sentence, Unanswered when nobody is there.

        Without a connection it fails at once: kept until there is one, the request would be carried out long after it was given up.
        """
        if not self.nc.is_connected:
            raise BusError(f"could not ask on {subject}: no connection to nats-server; is it running?")
        try:
            msg = await self.nc.request(subject, payload, timeout=timeout)
        except errors.NoRespondersError:
            raise Unanswered(f"nobody answers on {subject}: is that box running and connected?") from None
        except (TimeoutError, errors.TimeoutError):
            raise Late(f"no answer on {subject} within {timeout:g} s: is that box overloaded?") from None
        except errors.Error as error:
            raise BusError(
                f"could not ask on {subject}: {error or type(error).__name__}; is nats-server up?"
            ) from error
        headers = msg.headers or {}
        if sentence := headers.get(ERROR_HEADER):
            raise Refused(msgspec.convert(headers.get(ERROR_CODE_HEADER, "unavailable"), ErrorCode), sentence)
        return Delivery(msg.subject, msg.data, headers)

    @asynccontextmanager
    async def answer(self, name: str, endpoints: Mapping[str, tuple[str, Handler]]) -> AsyncIterator[None]:
        """Answers requests while the block lasts, as a NATS micro service: `endpoints` is name -> (subject, handler).

        A handler returns (payload, headers) or raises Refused. Slow answers don't hold up others.
        """
        service = await micro.add_service(self.nc, name=name, version=__version__)
        tasks: set[asyncio.Task[None]] = set()
        for endpoint, (subject, handler) in endpoints.items():
            await service.add_endpoint(name=endpoint, subject=subject, handler=_side_by_side(handler, tasks))
        await self._registered()
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            with suppress(errors.Error, OSError):
                await service.stop()

    async def _registered(self) -> None:
        """The server knows our subscriptions once it answers a ping; without a connection they are sent when it is back."""
        with suppress(errors.Error, TimeoutError):
            await self.nc.flush(timeout=2)


def too_large(size: int, limit: int) -> str:
    return f"{size:,} bytes are more than nats-server's max_payload of {limit:,}: raise it there, to 8MB"


def _side_by_side(handler: Handler, tasks: set[asyncio.Task[None]]) -> Callable[[Request], Awaitable[None]]:
    """nats-py calls an endpoint's handler one request at a time; a task each lets them overlap, up to a bound."""

    async def receive(request: Request) -> None:
        if len(tasks) >= ANSWERS_AT_ONCE:
            await request.respond_error("limit", "this box is answering too many requests: ask again in a moment")
            return
        task = asyncio.create_task(_respond(request, handler))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    return receive


async def _respond(request: Request, handler: Handler) -> None:
    try:
        data, headers = await handler(Delivery(request.subject, request.data, request.headers or {}))
        await request.respond(data, headers)
    except Refused as refusal:
        await request.respond_error(refusal.code, str(refusal))
    except errors.Error:
        log.warning("answer lost", subject=request.subject)
    except Exception:  # one request must not end the service, and the asker must hear something
        log.exception("answer failed", subject=request.subject)
        await request.respond_error("unavailable", "this box failed to answer; its log says why")


@asynccontextmanager
async def connect(url: str, name: str, timeout: float = 5.0, trouble: Callable[[], str] = str) -> AsyncIterator[Link]:
    """A connection that comes back by itself for ever. Raises BusError if the first try fails within `timeout` seconds."""
    nc = Client()
    link = Link(nc, url, trouble)

    async def lost() -> None:
        if not nc.is_closed and not nc.is_draining:
            log.warning("bus lost", retry="until it is back")

    async def back() -> None:
        link.connections += 1
        link._changed.set()
        log.info("bus back", connections=link.connections)

    async def failed(error: Exception) -> None:
        log.debug("bus error", error=repr(error))

    connecting = nc.connect(
        url,
        name=name,
        allow_reconnect=True,
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.2,  # type: ignore[arg-type]  # seconds; a float does, whatever its annotation says
        connect_timeout=2,
        ping_interval=5,
        max_outstanding_pings=2,
        pending_size=16 * 1024 * 1024,
        error_cb=failed,
        disconnected_cb=lost,
        reconnected_cb=back,
    )
    try:
        async with asyncio.timeout(timeout):
            await connecting
    except (TimeoutError, errors.Error, OSError) as error:
        raise BusError(f"no nats-server at {url} ({error or 'timeout'}): start it, or correct nats.url") from None
    try:
        yield link
    finally:
        with suppress(errors.Error, TimeoutError, OSError):
            await nc.close()
