"""The handler of alerts at work, asked whether it has decided everything."""

import asyncio
from contextlib import aclosing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from edged import config
from edged import messages as m
from edged.rules import AlertRule, Crossing
from tests.rigs.facts import ORIGIN, Box

MARK = AlertRule(name="mark", when=Crossing(line="mark"), suppress=0.0)


def settings(tmp_path: Path, *rules: AlertRule, **more: object) -> config.Config:
    """Of a box that raises alerts, one of them for each mark."""
    return config.Config(
        state_dir=str(tmp_path / "state"), alerts=(*rules, MARK), handlers=config.Handlers(run=("alerts",)), **more
    )  # type: ignore[arg-type]


def crossed(
    id: str, line: str = "door", direction: m.Direction = "in", time: datetime | None = None, track: int = 1
) -> m.LineCrossed:
    return m.LineCrossed(
        **ORIGIN, time=time or datetime.now(UTC), id=id, session="s", track=track, pts=0, label="person", score=0.9, line=line,
        direction=direction, point=(0.5, 0.5),
    )  # fmt: skip


async def decided(node: Box) -> None:
    """Waits until the handler has decided every fact published before. One that has not read its rules yet raises nothing for a mark of now."""
    async with asyncio.timeout(20):
        while True:
            mark = crossed(f"edge.front.mark.{uuid4().hex}", line="mark")
            await node.facts.publish(mark)
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5), aclosing(node.facts.replay("alert", mark.time)) as alerts:
                    async for stored in alerts:
                        if stored.fact.id == f"mark.{mark.id}":
                            return


async def raised(node: Box) -> list[m.AlertRaised]:
    """The alerts in the stream now, but for marks, in its order; each as often as it is there."""
    past = await node.facts.past("alert", datetime.now(UTC) - timedelta(days=1))
    return [stored.fact for stored in past if isinstance(stored.fact, m.AlertRaised) and stored.fact.rule != "mark"]
