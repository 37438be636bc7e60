"""The gallery of this box: answers for it, and keeps it."""

import asyncio

from edged.handlers import HandlerBus, service
from edged.people.desk import Desk
from edged.people.erasing import Eraser
from edged.people.gallery import Gallery, open_gallery
from edged.people.keeping import Keeping
from edged.people.recorder import Recorder
from edged.people.visitors import Visitors


@service
async def run(bus: HandlerBus) -> None:
    async with open_gallery(bus, bus.state) as gallery:
        await keep(bus, gallery)


async def keep(bus: HandlerBus, gallery: Gallery) -> None:
    """What is asked of the gallery, what it loses by time, and its visitors."""
    visitors = Visitors(bus, gallery)
    eraser = Eraser(bus, bus.pictures, gallery)
    desk = Desk(gallery, eraser, visitors)
    async with (
        bus.link.answer("edged-people", {"people": (bus.subject("people"), desk.answer)}),
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(visitors.run())
        tasks.create_task(Recorder(bus, gallery, eraser, visitors).run())
        tasks.create_task(Keeping(bus, gallery, eraser).run())
