"""What was promised, compared with what the stream and the history hold. Read here with other means than edged's own."""

import asyncio
import sqlite3
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bench.durability.boxes import FILE, ROOT, Box, Maker
from edged.bus.link import connect

SUMS = "SELECT coalesce(sum(ins + outs), 0) FROM counts_{grain}"


@dataclass(frozen=True)
class Account:
    """Numbers of facts. `unspoken` were kept though their maker was killed before it heard so. `audit` is what `edged audit` says of each box."""

    promised: int
    stream: int
    history: int
    lost_in_stream: int
    lost_in_history: int
    doubled_in_stream: int
    doubled_in_history: int
    invented: int
    unspoken: int
    sums: dict[str, int]
    audits: list[str]

    @property
    def faultless(self) -> bool:
        wrong = (
            self.lost_in_stream,
            self.lost_in_history,
            self.doubled_in_stream,
            self.doubled_in_history,
            self.invented,
        )
        same = self.stream == self.history and set(self.sums.values()) == {self.history}
        return not any(wrong) and same and all(said.endswith("clean") for said in self.audits)


async def compared(makers: Sequence[Maker], history: Box, nats: str, home: Path) -> Account:
    """When nothing is on its way any more."""
    streamed = Counter(await ids(nats))
    begun: set[str] = set()
    promised: set[str] = set()
    for maker in makers:
        its_begun, its_promised = await asyncio.to_thread(maker.account)
        begun, promised = begun | its_begun, promised | its_promised
    with closing(read_only(history.state / "history.db")) as db:
        recorded = {id for (id,) in db.execute("SELECT id FROM facts")}
        crossings = int(db.execute("SELECT count(*) FROM crossings").fetchone()[0])
        sums = {grain: int(db.execute(SUMS.format(grain=grain)).fetchone()[0]) for grain in ("minute", "hour", "day")}
    for box in (*makers, history):
        await box.stop()  # an outbox is read when its owner has let go of it
    return Account(
        promised=len(promised),
        stream=len(streamed),
        history=len(recorded),
        lost_in_stream=len(promised - streamed.keys()),
        lost_in_history=len(promised - recorded),
        doubled_in_stream=sum(count - 1 for count in streamed.values()),
        doubled_in_history=abs(crossings - len(recorded)) + abs(sums["day"] - len(recorded)),
        invented=len(recorded - begun) + len(streamed.keys() - begun),
        unspoken=len(recorded - promised),
        sums=sums,
        audits=[await audit(maker, history, nats, home) for maker in makers],
    )


async def audit(maker: Maker, history: Box, nats: str, home: Path) -> str:
    """What `edged audit` says of the maker's outbox, the stream, and the history."""
    state = home / f"audit-{maker.node}"
    state.mkdir()
    (state / "outbox.db").symlink_to(maker.state / "outbox.db")
    (state / "history.db").symlink_to(history.state / "history.db")
    file = home / f"audit-{maker.node}.toml"
    file.write_text(FILE.format(state=state, node=maker.node, nats=nats, run="[]", more=""))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "edged", "audit", "--config", str(file), cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    return said.decode().strip()


async def ids(nats: str) -> list[str]:
    """Every message's id."""
    async with connect(nats, "proof") as link:
        js = link.jetstream()
        count = (await js.stream_info("edged_facts")).state.messages
        subscription = await js.subscribe("edged.v1.>", stream="edged_facts", ordered_consumer=True)
        return [(await subscription.next_msg(10)).headers["Nats-Msg-Id"] for _ in range(count)]


def facts_in(path: Path) -> int:
    """How many facts a history has; 0 before it has any."""
    try:
        with closing(read_only(path)) as db:
            return int(db.execute("SELECT count(*) FROM facts").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=30)
