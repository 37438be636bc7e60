"""The gallery of people on this box, and who the tracks of its cameras are."""

from edged.handlers import HandlerBus, service
from edged.people.gallery import open_gallery
from edged.people.voter import Voter


@service
async def gallery(bus: HandlerBus) -> None:
    async with open_gallery(bus, bus.state) as gallery:
        await Voter(bus, gallery).run()
