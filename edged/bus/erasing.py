"""Erasing for good: nats-server overwrites a message on its disk when it is deleted by its place, and by nothing else.

A purge, a newer value of a key, and a limit only make it forget where the bytes are.
"""

import base64
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from datetime import datetime

from nats import errors
from nats.aio.msg import Msg
from nats.js import api
from nats.js import errors as js_errors

from edged.bus.link import BusError, Link
from edged.bus.pull import pull


async def erase_places(link: Link, stream: str, places: Iterable[int]) -> int:
    """How many of these messages were there. Raises BusError when the server does not do it."""
    js, gone = link.jetstream(), 0
    for place in places:
        try:
            await js.delete_msg(stream, place)
            gone += 1
        except js_errors.APIError as error:
            if error.err_code not in (NO_MESSAGE, NO_SEQUENCE) and error.code != 404:
                raise _failed(stream, error) from error
        except (errors.Error, TimeoutError) as error:
            raise _failed(stream, error) from error
    return gone


NO_MESSAGE, NO_SEQUENCE = 10037, 10043  # of nats-server's errors.json: no message found, sequence not found


async def erase_subject(link: Link, stream: str, subject: str, before: int | None = None) -> int:
    """Erases every message on `subject`; with `before`, those at lower places. Raises BusError."""
    places = [place async for place in places_of(link, stream, subject)]
    return await erase_places(link, stream, [place for place in places if before is None or place < before])


async def places_of(link: Link, stream: str, subject: str) -> AsyncIterator[int]:
    """Where the messages of one subject are, the oldest first."""
    js, place = link.jetstream(), 1
    while True:
        try:
            found = await js.get_msg(stream, seq=place, subject=subject, next=True)
        except js_errors.NotFoundError:
            return
        except (errors.Error, TimeoutError) as error:
            raise _failed(stream, error) from error
        assert found.seq, "a message has a place"
        yield found.seq
        place = found.seq + 1


async def messages_of(
    link: Link, stream: str, subject: str, *, since: datetime | None = None, headers_only: bool = False
) -> AsyncGenerator[Msg, None]:
    """Every message on `subject` that is there now, of those stored after `since`. Raises BusError."""
    js = link.jetstream()
    try:
        consumer = await js.add_consumer(
            stream,
            api.ConsumerConfig(
                name=f"erase-{link.nc._nuid.next().decode()}",
                filter_subject=subject,
                deliver_policy=api.DeliverPolicy.BY_START_TIME if since else api.DeliverPolicy.ALL,
                opt_start_time=since,
                ack_policy=api.AckPolicy.NONE,
                headers_only=headers_only,
                mem_storage=True,
                inactive_threshold=30.0,
            ),
        )
        if not consumer.num_pending:
            return
        async for msg in pull(link, stream, consumer.name):
            yield msg
            if not msg.metadata.num_pending:
                return
    except (errors.Error, TimeoutError) as error:
        raise _failed(stream, error) from error
    raise BusError(f"the stream {stream} could not be read to its end: is nats-server up?")


async def forget_stream(link: Link, stream: str) -> None:
    """Empties a stream; its files go. Raises BusError."""
    try:
        await link.jetstream().purge_stream(stream)
    except js_errors.NotFoundError:
        return
    except (errors.Error, TimeoutError) as error:
        raise _failed(stream, error) from error


async def erase_object(link: Link, bucket: str, name: str) -> bool:
    """Erases an object, and what there still is of the objects that had its name before. Whether there was any."""
    stream = f"OBJ_{bucket}"
    meta = meta_subject(bucket, name)
    js, gone = link.jetstream(), 0
    for place in [place async for place in places_of(link, stream, meta)]:
        try:
            found = await js.get_msg(stream, seq=place)
        except js_errors.NotFoundError:
            continue
        nuid = json.loads(found.data or b"{}").get("nuid")
        if nuid:
            gone += await erase_subject(link, stream, chunk_subject(bucket, nuid))
        gone += await erase_places(link, stream, [place])
    return gone > 0


def meta_subject(bucket: str, name: str) -> str:
    return f"$O.{bucket}.M.{base64.urlsafe_b64encode(name.encode()).decode()}"


def name_of(meta: str) -> str:
    """The object whose meta subject that is."""
    return base64.urlsafe_b64decode(meta.rpartition(".")[2]).decode()


def chunk_subject(bucket: str, nuid: str) -> str:
    return f"$O.{bucket}.C.{nuid}"


def _failed(stream: str, error: Exception) -> BusError:
    reason = str(error) or type(error).__name__
    return BusError(f"{stream} could not be erased from ({reason}): is nats-server up?")
