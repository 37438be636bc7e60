"""Facts are made, carried and recorded by real processes, and these are killed at random moments until the plan is done."""

import asyncio
import json
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from nats.aio.msg import Msg

from bench.durability.boxes import Box, Broker, Maker, Mortal
from bench.durability.proof import Account, compared, facts_in
from edged.bus.link import connect
from tests.rigs.nats import NatsServer

LOOK = 0.05  # seconds between two looks at how far it is
STILL = 300.0  # seconds without any progress after which it is stuck
EVERYTHING = 4  # every so many-th blow hits all at once


class Stuck(Exception):
    """Nothing moves any more; the text says where it stopped."""


@dataclass(frozen=True)
class Plan:
    """Every `torn`-th death of the broker, more or less, takes the end of the stream along."""

    facts: int
    kills: int
    rate: float = 1500.0
    makers: int = 2
    seed: int = 1
    torn: int = 5


@dataclass(frozen=True)
class Outcome:
    """`kills` by kind; `tears` of the broker's kills took the end of the stream along; `seconds` until all was in the history."""

    account: Account
    kills: Counter[str]
    tears: int
    seconds: float
    settling: float


@dataclass
class Soak:
    plan: Plan
    broker: Broker
    makers: list[Maker]
    history: Box
    chance: random.Random
    kills: Counter[str] = field(default_factory=Counter)

    def promised(self) -> int:
        return sum(maker.look() for maker in self.makers)

    async def torment(self) -> None:
        """Deals the blows, each when a random number of facts has been promised, and then at a random moment."""
        blows = 0
        while (dealt := self.kills.total()) < self.plan.kills:
            share = self.plan.facts / self.plan.kills
            await self.reached(int((dealt + self.chance.random()) * share))
            await asyncio.sleep(self.chance.uniform(0, 0.5))
            blows += 1
            victims = self.everybody() if blows % EVERYTHING == 0 else [self.chance.choice(self.everybody())]
            await self.strike(victims)

    def everybody(self) -> list[Mortal]:
        return [self.chance.choice(self.makers), self.broker, self.history]

    async def strike(self, victims: Sequence[Mortal]) -> None:
        self.chance.shuffle(order := list(victims))
        for victim in order:
            await victim.kill()
            self.kills[victim.kind] += 1
        await asyncio.sleep(self.chance.uniform(0, 1))
        for victim in victims:
            await victim.start()

    async def reached(self, promised: int) -> None:
        await self.moving(lambda: self.promised() >= promised, self.promised)

    async def settled(self) -> None:
        """Waits until all that was made is in the history, and nobody has anything left to send."""
        async with connect(self.broker.server.url, "soak") as link:
            pending = {maker.node: -1 for maker in self.makers}

            async def hear(msg: Msg) -> None:
                health = json.loads(msg.data)
                pending[health["node"]] = health["outbox_pending"]

            await link.nc.subscribe("edged.v1.*.*._.health", cb=hear)
            await self.moving(lambda: not any(pending[maker.node] for maker in self.makers), self.recorded)
            streamed = (await link.jetstream().stream_info("edged_facts")).state.messages
            await self.moving(lambda: self.recorded() >= streamed, self.recorded)

    def recorded(self) -> int:
        return facts_in(self.history.state / "history.db")

    async def moving(self, reached: Callable[[], bool], progress: Callable[[], int]) -> None:
        """Waits for it. Raises Stuck when there is no progress."""
        last, since = -1, time.monotonic()
        while not await asyncio.to_thread(reached):
            if (now := await asyncio.to_thread(progress)) != last:
                last, since = now, time.monotonic()
            elif time.monotonic() - since > STILL:
                raise Stuck(f"nothing has moved for {STILL:.0f} s at {now} facts, after {dict(self.kills)} kills")
            await asyncio.sleep(LOOK)


@asynccontextmanager
async def running(plan: Plan, home: Path) -> AsyncIterator[Soak]:
    chance = random.Random(plan.seed)
    server = NatsServer(home / "nats")
    broker = Broker(server, chance, plan.torn)
    each = plan.facts // plan.makers
    makers = [
        Maker("producer", f"edge{n}", home, server.url, own=True, facts=each, rate=plan.rate / plan.makers)
        for n in range(plan.makers)
    ]
    history = Box("history", "hub", home, server.url, handlers=("history",))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(server.stop)
        await broker.start()
        for box in (history, *makers):
            stack.push_async_callback(box.stop, signal.SIGKILL)
            await box.start()
        watching = [asyncio.create_task(box.alive()) for box in (history, *makers)]
        stack.push_async_callback(asyncio.gather, *watching, return_exceptions=True)
        for task in watching:
            stack.callback(task.cancel)
        yield Soak(plan, broker, makers, history, chance)


async def soaked(plan: Plan, home: Path) -> Outcome:
    """Raises Stuck."""
    began = time.monotonic()
    async with running(plan, home) as soak:
        await soak.torment()
        await soak.reached(plan.facts // plan.makers * plan.makers)
        made = time.monotonic()
        await soak.settled()
        settled = time.monotonic()
        account = await compared(soak.makers, soak.history, soak.broker.server.url, home)
        return Outcome(account, soak.kills, soak.broker.tears, settled - began, settled - made)
