"""An owner's handler that makes a crossing and an alert at an even pace, each with the time at which it was made."""

import asyncio
from datetime import UTC, datetime

from edged.handlers import HandlerBus, service
from edged.messages import AlertRaised, LineCrossed

PERIOD = 0.05  # seconds


@service
async def tell(bus: HandlerBus) -> None:
    number = 0
    while True:
        number += 1
        await bus.publish_fact(crossing(bus, number))
        await bus.publish_fact(alert(bus, number))
        await asyncio.sleep(PERIOD)


def crossing(bus: HandlerBus, number: int) -> LineCrossed:
    return LineCrossed(
        site=bus.config.site, node=bus.config.node, camera="door", time=datetime.now(UTC), id=f"crossing-{number}", session="s",
        track=number, pts=0, label="person", score=0.9, line="door", direction="in", point=(0.5, 0.5),
    )  # fmt: skip


def alert(bus: HandlerBus, number: int) -> AlertRaised:
    now = datetime.now(UTC)
    return AlertRaised(
        site=bus.config.site, node=bus.config.node, camera="door", time=now, id=f"alert-{number}", rule="r", severity="info",
        label="person", session="s", track=number, since=now, message="somebody is there", snapshot=None,
    )  # fmt: skip
