"""Who wears the helmet and the vest that a camera requires: crops are judged by whoever is free, and the box of the camera counts the votes.

`judge` takes crops from the queue that every box on the broker shares, so judging scales by starting more of them. What it saw is a fact
before the crop is done: one that dies in the middle leaves the crop to another, and the same crop judged twice is one look.
"""

import asyncio
import time
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import structlog

from edged import settings
from edged.bus.deliveries import FactDelivery
from edged.bus.link import BusError
from edged.handlers import HandlerBus, service
from edged.messages import CropTaken, Item, PpeChecked, PpeLooked, Saw
from edged.recognition.ppe import Judge, open_judge
from edged.scene.ppe import Round, Votes, round_of

log = structlog.get_logger()

QUIET = 5.0  # seconds after which no further look is expected, if no crop of that camera waits
LOOK_BACK = timedelta(hours=2)


@service
async def judge(bus: HandlerBus) -> None:
    if not bus.config.ppe.workers:
        return
    async with open_judge(bus.config, settings.models_dir(bus.config)) as chosen, asyncio.TaskGroup() as tasks:
        for _ in range(bus.config.ppe.workers):
            tasks.create_task(work(bus, chosen))


async def work(bus: HandlerBus, judge: Judge) -> None:
    async with aclosing(bus.jobs.take(CropTaken)) as jobs:
        async for job in jobs:
            try:
                saw = await judge.look(job.crop, job.jpeg)
            except ValueError as error:
                log.warning("crop not judged", crop=job.crop.id, error=str(error))
            else:
                await bus.publish_fact(looked(job.crop, saw, judge.name))
            await job.done()


def looked(crop: CropTaken, saw: dict[Item, Saw], by: str) -> PpeLooked:
    return PpeLooked(
        site=crop.site, node=crop.node, camera=crop.camera, time=crop.time, id=f"{crop.id}.look", session=crop.session,
        track=crop.track, round=crop.round, pts=crop.pts, label=crop.label, saw=saw, by=by,
    )  # fmt: skip


@service
async def vote(bus: HandlerBus) -> None:
    await Voting(bus).run()


class Voting:
    """A look is acknowledged only when the verdict it counts for is safe, so after a crash it is heard again."""

    def __init__(self, bus: HandlerBus) -> None:
        self._bus = bus
        self._votes = Votes()
        self._held: dict[Round, list[FactDelivery]] = {}

    async def run(self) -> None:
        await self._recall()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._hear())
            tasks.create_task(self._close_quiet())

    async def _recall(self) -> None:
        """What was said before a restart. Looks that were in hand come again only after a while, so they are not waited for."""
        past = [stored.fact for stored in await self._bus.facts.past("ppe", datetime.now(UTC) - LOOK_BACK)]
        for fact in past:
            if isinstance(fact, PpeChecked):
                self._votes.decided(fact.id)
        for fact in past:
            if (
                isinstance(fact, PpeLooked)
                and self._ours(fact)
                and (verdict := self._votes.hear(fact, time.monotonic()))
            ):
                await self._say(round_of(fact), verdict)

    async def _hear(self) -> None:
        async with aclosing(self._bus.consume("ppe", "ppe-votes")) as deliveries:
            async for delivery in deliveries:
                look = delivery.fact
                if not isinstance(look, PpeLooked) or not self._ours(look) or self._votes.known(round_of(look)):
                    await delivery.ack()
                    continue
                self._held.setdefault(round_of(look), []).append(delivery)
                if verdict := self._votes.hear(look, time.monotonic()):
                    await self._say(round_of(look), verdict)

    async def _close_quiet(self) -> None:
        """Somebody who left, or stands still, is looked at no more; nor is one whose camera is gone."""
        while True:
            await asyncio.sleep(QUIET / 5)
            for round in self._votes.quiet(time.monotonic() - QUIET):
                try:
                    if await self._bus.jobs.waiting(CropTaken, round.address):
                        continue
                except BusError:
                    continue
                if round in self._votes.quiet(time.monotonic() - QUIET):  # a look may have come while we asked
                    await self._say(round, self._votes.close(round))

    async def _say(self, round: Round, verdict: PpeChecked) -> None:
        await self._bus.publish_fact(verdict)
        for delivery in self._held.pop(round, ()):
            await delivery.ack()

    def _ours(self, look: PpeLooked) -> bool:
        return (look.site, look.node) == (self._bus.config.site, self._bus.config.node)
