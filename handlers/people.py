"""The gallery of people on this box: answers for it, keeps it, and says who the tracks of its cameras are."""

import asyncio

from edged.handlers import HandlerBus, service
from edged.people.desk import Desk
from edged.people.erasing import Eraser
from edged.people.gallery import Gallery, open_gallery
from edged.people.keeping import Keeping
from edged.people.recorder import Recorder
from edged.people.visitors import Visitors
from edged.people.voter import Voter


@service
async def gallery(bus: HandlerBus) -> None:
    async with open_gallery(bus, bus.state) as gallery, asyncio.TaskGroup() as tasks:
        tasks.create_task(Voter(bus, gallery).run())
        tasks.create_task(keep(bus, gallery))


async def keep(bus: HandlerBus, gallery: Gallery) -> None:
    """What is asked of the gallery, what it loses by time, and its visitors."""
    visitors = Visitors(bus, gallery)
    eraser = Eraser(bus, bus.pictures, gallery, visitors)
    desk = Desk(gallery, eraser, visitors)
    async with (
        bus.link.answer(
            f"edged-{bus.config.site}-{bus.config.node}-people", {"people": (bus.subject("people"), desk.answer)}
        ),
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(visitors.run())
        tasks.create_task(Recorder(bus, gallery, eraser, visitors).run())
        tasks.create_task(Keeping(bus, gallery, eraser).run())
