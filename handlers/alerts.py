"""Raises alerts: the rules of `[[alerts]]` decide by the times inside the facts of tracks."""

import asyncio
from contextlib import aclosing, suppress
from datetime import UTC, datetime, timedelta

from edged.bus.deliveries import FactDelivery
from edged.handlers import HandlerBus, service
from edged.messages import AlertRaised, CameraStateChanged, TrackEnded, TrackStarted
from edged.scene.alerting import Rules

KINDS = ("track", "state")
LOOK_BACK = timedelta(days=1)  # besides the longest `suppress`: facts may arrive late, after an outage
ASK_AGAIN = 0.2


@service
async def run(bus: HandlerBus) -> None:
    if bus.config.alerts:
        await Alerts(bus).run()


class Alerts:
    """A fact is acknowledged only when all that it can raise has been raised, so after a crash it is heard again."""

    def __init__(self, bus: HandlerBus) -> None:
        self._bus = bus
        self._rules = Rules(bus.config.alerts, bus.config.aliases)
        self._longest = timedelta(seconds=max(rule.min_time for rule in bus.config.alerts))
        self._undecided: dict[tuple[str, str, str, str, int], tuple[datetime, FactDelivery]] = {}
        self._changed = asyncio.Event()

    async def run(self) -> None:
        suppress = timedelta(seconds=max(rule.suppress for rule in self._bus.config.alerts))
        for stored in await self._bus.facts.past("alert", datetime.now(UTC) - suppress - LOOK_BACK):
            if isinstance(stored.fact, AlertRaised):
                self._rules.seen(stored.fact)
        async with asyncio.TaskGroup() as tasks:
            for kind in KINDS:
                tasks.create_task(self._hear(kind))
            tasks.create_task(self._let_time_pass())

    async def _hear(self, kind: str) -> None:
        async with aclosing(self._bus.consume(kind, f"alerts-{kind}")) as deliveries:
            async for delivery in deliveries:
                fact = delivery.fact
                if isinstance(fact, TrackStarted | TrackEnded | CameraStateChanged):
                    await self._raise(self._rules.hear(fact))
                if isinstance(fact, TrackStarted):
                    self._undecided[_track(fact)] = fact.first_seen + self._longest, delivery
                    self._changed.set()
                    continue
                if isinstance(fact, TrackEnded) and (started := self._undecided.pop(_track(fact), None)):
                    await started[1].ack()
                await delivery.ack()

    async def _let_time_pass(self) -> None:
        while True:
            self._changed.clear()
            wait = self._until_next()
            if wait is None or wait > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._changed.wait()
            elif not await self._decide():
                await asyncio.sleep(ASK_AGAIN)

    def _until_next(self) -> float | None:
        """Seconds until time decides something; None: nothing is undecided."""
        moments = [moment for moment, _ in self._undecided.values()]
        if next_due := self._rules.next_due():
            moments.append(next_due)
        return (min(moments) - datetime.now(UTC)).total_seconds() if moments else None

    async def _decide(self) -> bool:
        """That a track has not ended says something only when every fact there is has been heard; False: not yet."""
        now = datetime.now(UTC)
        if not all([await self._bus.caught_up(kind, f"alerts-{kind}") for kind in KINDS]):
            return False
        await self._raise(self._rules.due(now))
        for key in [key for key, (moment, _) in self._undecided.items() if moment <= now]:
            await self._undecided.pop(key)[1].ack()
        return True

    async def _raise(self, alerts: list[AlertRaised]) -> None:
        for alert in alerts:
            await self._bus.publish_fact(alert)


def _track(fact: TrackStarted | TrackEnded) -> tuple[str, str, str, str, int]:
    return fact.site, fact.node, fact.camera, fact.session, fact.track
