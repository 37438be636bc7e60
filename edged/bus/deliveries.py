"""Facts as a stream gives them, and what a consumer remembers of them."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import msgspec
import structlog
from nats import errors
from nats.aio.msg import Msg

from edged import messages as m
from edged.bus.link import BusError
from edged.bus.outbox import Outbox
from edged.bus.pictures import META

log = structlog.get_logger()

ID = "Nats-Msg-Id"
REMEMBERED = 20_000

_decode: Callable[[bytes | str], m.AnyFact] = msgspec.json.Decoder(m.AnyFact).decode


class Seen:
    """The newest ids, a bounded number of them."""

    def __init__(self, limit: int = REMEMBERED) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._limit = limit

    def __contains__(self, id: str) -> bool:
        return id in self._ids

    def add(self, id: str) -> None:
        self._ids[id] = None
        if len(self._ids) > self._limit:
            self._ids.popitem(last=False)


class Work:
    """What the consumer `name` has been given: `held` is in its hands, `open` not acknowledged (with when it was stored), `done` is."""

    def __init__(self, name: str, outbox: Outbox | None) -> None:
        self.held: set[str] = set()
        self.open: dict[str, datetime] = {}
        self.done = Seen()
        self._name = name
        self._outbox = outbox

    async def recall(self) -> None:
        """What was done before a restart: the broker may have lost the acknowledgements."""
        for id in await self._outbox.dealt(self._name) if self._outbox else ():
            self.done.add(id)

    def take(self, id: str, stored: datetime) -> None:
        self.held.add(id)
        self.open[id] = stored

    async def finish(self, id: str) -> None:
        self.held.discard(id)
        self.open.pop(id, None)
        self.done.add(id)
        if self._outbox:
            with suppress(BusError):  # a full disk is reported where facts are written
                await self._outbox.deal(self._name, id)


@dataclass(frozen=True)
class Stored:
    """A fact as its stream holds it. `data` is what was published: JSON, or the JPEG of a `Snapshot`. `stored` is the server's time."""

    fact: m.AnyFact
    data: bytes
    seq: int
    stored: datetime


@dataclass(frozen=True)
class FactDelivery(Stored):
    """Comes again, to whoever asks under the same name, unless `ack()` says that it has been dealt with."""

    _msg: Msg
    _work: Work

    async def ack(self) -> None:
        await self._work.finish(self.fact.id)
        await acknowledge(self._msg)

    async def again(self, seconds: float) -> None:
        """Puts it back; it comes again after that time."""
        self._work.held.discard(self.fact.id)
        with suppress(errors.Error):
            await self._msg.nak(delay=seconds)


async def acknowledge(msg: Msg) -> None:
    with suppress(errors.Error):  # then it comes again, and is known
        await msg.ack()


def id_of(msg: Msg) -> str:
    headers: dict[str, str] = msg.headers or {}
    return headers.get(ID) or f"{msg.metadata.stream} {msg.metadata.sequence.stream}"


def decode(headers: Mapping[str, str], payload: bytes) -> m.AnyFact:
    """The fact in a message. Raises msgspec.MsgspecError."""
    return _decode(headers.get(META) or payload)


def read(msg: Msg) -> Stored | None:
    """None, and a warning, for what is no fact that this version knows."""
    try:
        fact = decode(msg.headers or {}, msg.data)
    except msgspec.MsgspecError as error:
        log.warning("fact not understood", subject=msg.subject, seq=msg.metadata.sequence.stream, error=str(error))
        return None
    return Stored(fact, msg.data, msg.metadata.sequence.stream, msg.metadata.timestamp)
