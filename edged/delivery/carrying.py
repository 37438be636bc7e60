"""What the handlers of deliveries share: alerts from the bus into the queue, the queue to its receivers, questions answered."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Protocol

from edged.bus.deliveries import FactDelivery
from edged.bus.link import Link
from edged.delivery.outgoing import Outgoing, Target, open_outgoing
from edged.messages import AlertRaised


class Bus(Protocol):
    """What of a HandlerBus is needed."""

    @property
    def link(self) -> Link: ...

    @property
    def state(self) -> Path: ...

    def subject(self, kind: str) -> str: ...

    def consume(self, kind: str, name: str) -> AsyncGenerator[FactDelivery, None]: ...


async def carry(bus: Bus, kind: str, targets: Mapping[str, Target]) -> None:
    """For ever. `kind` names the queue's file, the consumer, and the subject on which it is asked."""
    async with (
        open_outgoing(bus.state / f"deliveries-{kind}.db", targets) as outgoing,
        bus.link.answer(f"edged-{kind}", {kind: (bus.subject(kind), outgoing.answer)}),
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(outgoing.run())
        tasks.create_task(_hear(bus, kind, outgoing))


async def _hear(bus: Bus, kind: str, outgoing: Outgoing) -> None:
    async with aclosing(bus.consume("alert", kind)) as deliveries:
        async for delivery in deliveries:
            if isinstance(delivery.fact, AlertRaised):
                await outgoing.add(delivery.fact)
            await delivery.ack()
