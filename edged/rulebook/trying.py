"""What a rule would have raised."""

import asyncio
from collections import deque
from contextlib import aclosing
from datetime import UTC, datetime, timedelta, tzinfo

from msgspec.structs import replace

from edged import questions as q
from edged.asking import RuleRecord
from edged.bus.facts import Facts
from edged.bus.link import Refused
from edged.labels import Aliases
from edged.messages import AlertRaised
from edged.rules import AlertRule, Capacity, Count, Crossing, Identified, Missing, Offline, WrongWay
from edged.scene.alerting.findings import HEARD
from edged.scene.alerting.rules import Here, Rules

PATIENCE = 15.0  # seconds
SHOWN = 200
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


async def tried(facts: Facts, record: RuleRecord, hours: float, aliases: Aliases, zone: tzinfo) -> q.TryAnswer:
    """Out of the facts of the last `hours`, by the rule as it is now and as if it had been enabled. Raises Refused when they are too many.

    Where only time passing decides, a track that was lost just then may live have raised an alert that this leaves out.
    """
    until = datetime.now(UTC)
    since = until - timedelta(hours=hours)
    trial = RuleRecord(rule=replace(record.rule, enabled=True), since=since, site=record.site, node=record.node)
    rules = Rules([trial], Here(aliases, zone, LONG_AGO))
    newest: deque[AlertRaised] = deque(maxlen=SHOWN)
    heard = total = 0
    try:
        async with asyncio.timeout(PATIENCE), aclosing(facts.stored(_kind(record.rule), since - rules.memory)) as past:
            async for stored in past:
                fact = stored.fact
                if isinstance(fact, HEARD) and record.site in ("", fact.site) and record.node in ("", fact.node):
                    raised = rules.hear(fact)
                    heard, total = heard + 1, total + len(raised)
                    newest.extend(raised)
    except TimeoutError:
        raise Refused(
            "limit", f"{hours:g} hours have more facts than can be read in {PATIENCE:g} s: try fewer"
        ) from None
    raised = rules.due(until)
    newest.extend(raised)
    shown = sorted(newest, key=lambda alert: alert.time, reverse=True)
    return q.TryAnswer(since=since, until=until, facts=heard, total=total + len(raised), alerts=shown)


def _kind(rule: AlertRule) -> str | None:
    """The only kind of facts that matters; None: there are several."""
    match rule.when:
        case Missing():
            return "ppe"
        case Identified():
            return "face"
        case Crossing() | WrongWay() | Count():
            return "crossing"
        case Capacity():
            return "zone"
        case Offline():
            return "state"
        case _:
            return None
