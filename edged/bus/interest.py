"""Whether anybody hears what is published. Publishers are not told who has subscribed, but a message that asks for a reply is answered by the server itself
when nobody has ("no responders", nats-server 2.2 and later); subscribers behind leaf nodes count too."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from nats import errors
from nats.aio.client import NO_RESPONDERS_STATUS
from nats.aio.msg import Msg
from nats.js.api import Header

from edged.bus.link import Link


@asynccontextmanager
async def unheard(link: Link, tell: Callable[[str], None]) -> AsyncIterator[str]:
    """While the block lasts: what to give `Link.send` as `reply`, with a dot and a word appended. `tell(word)` when nobody has subscribed to its subject."""
    inbox = link.nc.new_inbox()

    async def receive(msg: Msg) -> None:
        if (msg.headers or {}).get(Header.STATUS) == NO_RESPONDERS_STATUS:
            tell(msg.subject.removeprefix(f"{inbox}."))

    subscription = await link.nc.subscribe(f"{inbox}.*", cb=receive)
    try:
        yield inbox
    finally:
        with suppress(errors.Error, OSError):
            await subscription.unsubscribe()
