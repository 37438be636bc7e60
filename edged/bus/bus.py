"""What the gateway and the handlers know of the world: one link, its facts, its tables, its pictures."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from edged import config
from edged.asking import CameraRecord, RuleRecord
from edged.bus.facts import Facts
from edged.bus.jobs import Jobs
from edged.bus.link import Link, connect
from edged.bus.outbox import Outbox
from edged.bus.pictures import Pictures
from edged.bus.tables import Table

CAMERAS = "edged_cameras"
RULES = "edged_rules"


@dataclass(frozen=True)
class Bus:
    """`cameras` is keyed `<site>.<node>.<camera>`, `rules` `<name>`, or `<site>.<node>.<name>` for those of one box."""

    link: Link
    facts: Facts
    cameras: Table[CameraRecord]
    rules: Table[RuleRecord]
    pictures: Pictures
    jobs: Jobs


@asynccontextmanager
async def open_bus(
    settings: config.Nats, url: str, name: str, outbox: Outbox | None = None, trouble: Callable[[], str] = str
) -> AsyncIterator[Bus]:
    """Connects to `url`. Raises BusError if no server is there. Without an outbox facts can only be read. `trouble` is that of the `Link`."""
    async with connect(url, name, trouble=trouble) as link:
        max_age = timedelta(days=settings.pictures_max_age_days)
        pictures = Pictures(link, max_age, settings.pictures_max_bytes)
        cameras, rules = Table(link, CAMERAS, CameraRecord), Table(link, RULES, RuleRecord)
        yield Bus(link, Facts(link, outbox), cameras, rules, pictures, Jobs(link))
