"""An owner's handler that makes crossings by number, at the pace of its plan, and writes down which it began and which were promised."""

import asyncio
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from edged.bus.link import BusError
from edged.handlers import HandlerBus, service
from edged.messages import LineCrossed

TOGETHER = 64  # as the ledger of a camera does
LINES = 20
RETRY = 0.2


class Plan(msgspec.Struct):
    facts: int
    rate: float


@service
async def make(bus: HandlerBus) -> None:
    plan = msgspec.json.decode((bus.state / "plan.json").read_bytes(), type=Plan)
    log = bus.state / "promises.log"
    promised, first = begun_before(log)
    # a write is in the file when it returns, also for who is killed in the next moment
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    began, made = time.monotonic(), 0
    while promised < plan.facts:
        many = min(TOGETHER, plan.facts - promised)
        os.write(file, f"begun {first} {first + many}\n".encode())
        await published(bus, range(first, first + many))
        os.write(file, f"promised {first} {first + many}\n".encode())
        promised, first, made = promised + many, first + many, made + many
        await asyncio.sleep(began + made / plan.rate - time.monotonic())


def begun_before(log: Path) -> tuple[int, int]:
    """How many facts were promised, and the first number that was not begun."""
    promised, first = 0, 0
    for line in log.read_text().splitlines() if log.exists() else ():
        what, start, end = line.split()
        first = int(end)
        promised += (int(end) - int(start)) * (what == "promised")
    return promised, first


async def published(bus: HandlerBus, numbers: range) -> None:
    """Returns when all of them are promised; a full disk may have to be made room on first."""
    while True:
        facts = [bus.publish_fact(crossing(bus, number)) for number in numbers]
        failed = [outcome for outcome in await asyncio.gather(*facts, return_exceptions=True) if outcome is not None]
        if not failed:
            return
        if any(not isinstance(outcome, BusError) for outcome in failed):
            raise failed[0]
        await asyncio.sleep(RETRY)


def crossing(bus: HandlerBus, number: int) -> LineCrossed:
    line = number % LINES
    return LineCrossed(
        site=bus.config.site, node=bus.config.node, camera=f"camera{line % 4}", time=datetime.now(UTC),
        id=f"{bus.config.node}-{number}", session="soak", track=number, pts=90 * number, label="person", score=0.9,
        line=f"line{line}", direction="in" if number % 3 else "out", point=(0.5, 0.5),
    )  # fmt: skip
