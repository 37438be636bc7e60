"""Looks at people whom cameras see, and at pictures that somebody sends: finds their faces and makes vectors of them.

It takes crops from the queue that every box on the broker shares, so looking scales by starting more of them. What it saw goes to the box that has
the camera, which says who that is (`recognised.py`); until that box has heard it, the crop is not done. Models are loaded with the first crop.
"""

import asyncio
from contextlib import AsyncExitStack, aclosing

import msgspec
import structlog

from edged import settings, subjects
from edged.bus.link import Answer, BusError, Delivery, Refused
from edged.handlers import HandlerBus, service
from edged.identities import Embed
from edged.messages import PersonTaken
from edged.recognition.recogniser import Recogniser, open_recogniser
from edged.recognition.uploads import UploadRefused
from edged.subjects import NODE_ITSELF, Address

log = structlog.get_logger()

AGAIN = 2.0  # seconds before a look is made again of which the camera's box did not hear


@service
async def look(bus: HandlerBus) -> None:
    if not bus.config.recognition.workers:
        return
    async with LazyRecogniser(bus) as lazy:
        name = f"edged-{bus.config.site}-{bus.config.node}-embed"
        async with bus.link.answer(name, {"embed": (bus.subject("embed"), lazy.answer)}), asyncio.TaskGroup() as tasks:
            for _ in range(bus.config.recognition.workers):
                tasks.create_task(work(bus, lazy))


class LazyRecogniser:
    """A box whose cameras recognise nobody loads no model."""

    def __init__(self, bus: HandlerBus) -> None:
        self._bus = bus
        self._stack = AsyncExitStack()
        self._opened: Recogniser | None = None
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> "LazyRecogniser":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def get(self) -> Recogniser:
        async with self._opening:
            if self._opened is None:
                opening = open_recogniser(self._bus.config, settings.models_dir(self._bus.config))
                self._opened = await self._stack.enter_async_context(opening)
                log.info("recogniser ready", face=self._opened.model, body=self._opened.body_model)
                for notice in self._opened.notices:
                    log.warning("recogniser notice", notice=notice)
            return self._opened

    async def answer(self, request: Delivery) -> Answer:
        """The faces in the picture that the request is. Raises Refused."""
        try:
            wanted = msgspec.json.decode((request.headers or {}).get("Edged-Meta", "{}"), type=Embed)
            recogniser = await self.get()
            if recogniser.missing:
                raise Refused("unavailable", recogniser.missing)
            return msgspec.json.encode(await recogniser.embed(request.data, wanted.max_faces)), {}
        except (msgspec.MsgspecError, UploadRefused) as error:
            raise Refused("invalid", str(error)) from None


async def work(bus: HandlerBus, lazy: LazyRecogniser) -> None:
    async with aclosing(bus.jobs.take(PersonTaken)) as jobs:
        async for job in jobs:
            recogniser = await lazy.get()
            try:
                looked = await recogniser.look(job.crop, job.jpeg)
            except ValueError as error:
                log.warning("person not looked at", crop=job.crop.id, error=str(error))
                await job.done()
                continue
            home = Address(job.crop.site, job.crop.node, NODE_ITSELF)
            try:
                await bus.link.ask(subjects.on(home, "looked"), msgspec.json.encode(looked))
            except Refused as refusal:
                log.warning("look refused", crop=job.crop.id, reason=str(refusal))
            except BusError:
                await job.again(AGAIN)
                continue
            await job.done()
