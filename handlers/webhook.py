"""Posts alerts to each of [[webhooks]]."""

from aiohttp import ClientSession

from edged.delivery.carrying import carry
from edged.delivery.webhook import Webhook
from edged.handlers import HandlerBus, service


@service
async def run(bus: HandlerBus) -> None:
    if bus.config.webhooks:
        async with ClientSession() as session:
            await carry(bus, "webhook", {each.name: Webhook(each, session) for each in bus.config.webhooks})
