"""The promise of the outbox, put to the test: brokers and writers die in mid-sentence, and every fact is there once."""

import asyncio
import random
import signal
import sys
from collections import Counter
from contextlib import aclosing
from pathlib import Path

from edged import config
from edged.bus.facts import Facts
from edged.bus.link import connect
from edged.bus.streams import FACTS, ensure_streams
from tests.rigs.facts import box, ids
from tests.rigs.nats import running_nats

WRITER = """
import asyncio, sys
from pathlib import Path
from edged.bus.link import BusError
from tests.rigs.facts import box, state

async def write(path, url, first):
    while True:
        try:
            async with box(url, path) as node:
                while True:
                    await node.facts.publish(state(first))
                    print("promised", first, flush=True)
                    first += 1
                    await asyncio.sleep(0.001)
        except BusError:
            pass  # the broker is down just now

asyncio.run(write(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
"""


class Writer:
    """A process that publishes numbered facts, and says of each when it has been promised."""

    def __init__(self, path: Path, url: str) -> None:
        self.promised: list[int] = []
        self._arguments = (str(path), url)

    async def start(self) -> None:
        # Numbers that were perhaps appended but not promised are left out, so no number is used twice.
        first = self.promised[-1] + 1000 if self.promised else 0
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", WRITER, *self._arguments, str(first), stdout=asyncio.subprocess.PIPE
        )
        self._reading = asyncio.create_task(self._read())
        before = len(self.promised)
        async with asyncio.timeout(20):
            while len(self.promised) < before + 30:
                await asyncio.sleep(0.01)

    async def _read(self) -> None:
        assert self._process.stdout
        async for line in self._process.stdout:
            if line.startswith(b"promised ") and line.endswith(b"\n"):
                self.promised.append(int(line.split()[1]))

    async def kill(self) -> None:
        self._process.kill()
        await self._process.wait()
        await self._reading


async def test_every_fact_is_in_the_stream_once_and_was_consumed_once(tmp_path: Path) -> None:
    chance = random.Random(7)
    async with running_nats(tmp_path / "store") as server, connect(server.url, "test") as link:
        await ensure_streams(link, config.Nats())
        consumed: Counter[str] = Counter()
        consumer = asyncio.create_task(consume(Facts(link), consumed))
        writer = Writer(tmp_path / "outbox.db", server.url)
        await writer.start()
        for turn in range(8):
            if turn % 2:
                await writer.kill()
            await asyncio.sleep(chance.uniform(0.05, 0.3))
            await server.stop(signal.SIGKILL)
            if turn in (2, 5):
                assert server.tear()
            await asyncio.sleep(chance.uniform(0.0, 0.2))
            await server.start()
            if turn % 2:
                await writer.start()
        promised = {f"state-{n}" for n in writer.promised}
        await writer.kill()
        async with box(server.url, tmp_path / "outbox.db") as last:
            await last.courier.reconciled.wait()
            await last.delivered()
        held = await ids(link, FACTS)
        async with asyncio.timeout(20):
            while len(consumed) < len(held):
                await asyncio.sleep(0.02)
        consumer.cancel()
        await asyncio.gather(consumer, return_exceptions=True)
    assert promised <= set(held)
    assert len(held) == len(set(held))
    assert set(consumed) == set(held)
    assert set(consumed.values()) == {1}


async def consume(facts: Facts, consumed: "Counter[str]") -> None:
    async with aclosing(facts.consume("state", "counter")) as deliveries:
        async for delivery in deliveries:
            consumed[delivery.fact.id] += 1
            await delivery.ack()
