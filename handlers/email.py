"""Mails alerts as [email] says."""

from edged.delivery.carrying import carry
from edged.delivery.mail import NAME, Mail
from edged.handlers import HandlerBus, service


@service
async def run(bus: HandlerBus) -> None:
    if bus.config.email.host:
        await carry(bus, "email", {NAME: Mail(bus.config.email, bus.pictures.get)})
