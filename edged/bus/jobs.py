"""Jobs: each is done by one of those who take them, whichever; a job whose worker died goes to another.

A job is lost rather than late: it does not go through the outbox, and the stream forgets it after `work_max_age`.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec
import structlog
from nats import errors
from nats.aio.msg import Msg
from nats.js import api
from nats.js import errors as js_errors

from edged import subjects
from edged.bus.deliveries import ID, acknowledge
from edged.bus.link import BusError, Link
from edged.bus.pictures import META
from edged.bus.pull import pull
from edged.bus.streams import WORK
from edged.messages import AnyJob, CropTaken, PersonTaken
from edged.subjects import Address

log = structlog.get_logger()

DURABLES: dict[type[AnyJob], str] = {CropTaken: "crops", PersonTaken: "persons"}
ACK_WAIT = 15.0  # seconds after which a job that nobody finished is another's
TRIES = 5
ACK_SECONDS = 2.0
RETRY = 0.5

J = TypeVar("J", CropTaken, PersonTaken)


@dataclass(frozen=True)
class Job(Generic[J]):
    """A crop in somebody's hands. It is another's when it is neither `done()` nor put back within ACK_WAIT seconds."""

    crop: J
    jpeg: bytes
    _msg: Msg

    async def done(self) -> None:
        await acknowledge(self._msg)

    async def again(self, seconds: float) -> None:
        """Puts it back: somebody takes it after that time."""
        with suppress(errors.Error):
            await self._msg.nak(delay=seconds)


class Jobs:
    """The queues of crops, one for each type, shared by every process that takes from them."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._js = link.jetstream()

    async def put(self, crop: AnyJob, jpeg: bytes) -> None:
        """Returns when the broker has it on its disk; the same id again is the same job. Raises BusError when it does not take it now."""
        headers = {
            ID: crop.id,
            META: json.dumps(msgspec.to_builtins(crop), separators=(",", ":")),
        }  # ASCII, as facts have it
        self._link.room()
        try:
            if not self._link.connected:
                raise BusError("the broker is away")
            await self._js.publish(subjects.of(crop), jpeg, timeout=ACK_SECONDS, stream=WORK, headers=headers)
        except (errors.Error, TimeoutError) as error:
            raise BusError(f"a crop was not taken ({error or type(error).__name__})") from error

    async def take(self, of: type[J]) -> AsyncGenerator[Job[J], None]:
        """Jobs of this type one by one, for ever, through restarts of the broker; the next is taken when the one before is let go."""
        said, decode = "", msgspec.json.Decoder(of).decode
        while True:
            while not self._link.connected:
                await self._link.connection_after(self._link.connections)
            try:
                await self._ready(of)
                said = ""
                async with aclosing(pull(self._link, WORK, DURABLES[of], batch=1)) as messages:
                    async for msg in messages:
                        if job := _job(msg, decode):
                            yield job
                        else:
                            await acknowledge(msg)
            except (errors.Error, TimeoutError) as error:
                reason = str(error) or type(error).__name__
                if reason != said:  # a stream that nobody has made yet may be missing for long
                    log.warning("work waits", error=reason)
                said = reason
                await asyncio.sleep(RETRY)

    async def waiting(self, of: type[AnyJob], address: Address) -> int:
        """How many jobs of this type and camera nobody has finished. Raises BusError."""
        subject = subjects.on(address, subjects.KINDS[of])
        try:
            state = (await self._js.stream_info(WORK, subjects_filter=subject)).state
        except (errors.Error, TimeoutError) as error:
            raise BusError(f"the work of {address} is unknown ({error or type(error).__name__})") from error
        return (state.subjects or {}).get(subject, 0)

    async def _ready(self, of: type[AnyJob]) -> None:
        try:
            await self._js.consumer_info(WORK, DURABLES[of])
        except js_errors.NotFoundError:
            await self._js.add_consumer(
                WORK,
                api.ConsumerConfig(
                    durable_name=DURABLES[of],
                    filter_subject=subjects.every(subjects.KINDS[of]),
                    ack_policy=api.AckPolicy.EXPLICIT,
                    ack_wait=ACK_WAIT,
                    max_deliver=TRIES,
                ),
            )


def _job(msg: Msg, decode: Callable[[str], J]) -> Job[J] | None:
    """None, and a warning, for what is no job that this version knows."""
    try:
        return Job(decode((msg.headers or {}).get(META, "")), msg.data, msg)
    except msgspec.MsgspecError as error:
        log.warning("job not understood", subject=msg.subject, error=str(error))
        return None
