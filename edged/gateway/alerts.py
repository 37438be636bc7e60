"""The alerts that were raised, newest first. Kept in memory and built from the stream at each start."""

import asyncio
from bisect import insort
from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta, Struct

from edged.bus.facts import Facts
from edged.messages import AlertRaised, ClipReady, Severity

KEPT = 10_000


class AlertQuery(Struct, frozen=True, kw_only=True, rename={"camera": "cameraId", "since": "from", "until": "to"}):
    camera: Annotated[
        str, Meta(description="`id`, `node.id` or `site.node.id`, of a camera that may be gone by now.")
    ] = ""
    rule: str = ""
    severity: Severity | None = None
    since: Annotated[datetime | None, Meta(description="Raised at or after, ISO 8601; UTC where no zone is given.")] = (
        None
    )
    until: Annotated[datetime | None, Meta(description="Raised before.")] = None
    page: Annotated[int, Meta(ge=1)] = 1
    limit: Annotated[int, Meta(ge=1, le=500)] = 50


class AlertHistory:
    """The newest 10,000 alerts by the time they were raised at."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._alerts: list[AlertRaised] = []
        self._clips: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._alerts)

    async def run(self) -> None:
        """Reads the stream from its beginning and then along, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._hear("alert"))
            tasks.create_task(self._hear("clip"))

    def clip(self, alert: str) -> str | None:
        """The key of an alert's clip."""
        return self._clips.get(alert)

    async def _hear(self, kind: str) -> None:
        async for stored in self._facts.replay(kind):
            match stored.fact:
                case AlertRaised() as alert:
                    self.add(alert)
                case ClipReady() as clip:
                    self._clips[clip.alert] = clip.key
                    if len(self._clips) > KEPT:
                        del self._clips[next(iter(self._clips))]

    def add(self, alert: AlertRaised) -> None:
        insort(self._alerts, alert, key=lambda each: each.time)
        del self._alerts[:-KEPT]

    def find(self, query: AlertQuery) -> tuple[list[AlertRaised], int]:
        """The page that is asked for, newest first, and how many there are in all."""
        found = [alert for alert in reversed(self._alerts) if _fits(alert, query)]
        start = (query.page - 1) * query.limit
        return found[start : start + query.limit], len(found)


def _fits(alert: AlertRaised, query: AlertQuery) -> bool:
    wanted = query.camera.split(".") if query.camera else []
    return (
        wanted == [alert.site, alert.node, alert.camera][max(0, 3 - len(wanted)) :]
        and query.rule in ("", alert.rule)
        and query.severity in (None, alert.severity)
        and (query.since is None or alert.time >= _utc(query.since))
        and (query.until is None or alert.time < _utc(query.until))
    )


def _utc(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)
