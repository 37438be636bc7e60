"""No alert is lost and none is doubled, whenever the one who decides is killed."""

import asyncio
import random
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from edged import messages as m
from edged.asking import RuleRecord
from edged.rules import AlertRule, Count, Crossing, Occupancy, Presence, Visit
from edged.scene.alerting.rules import Here, Rules
from tests.rigs.alerts import crossed, decided, raised
from tests.rigs.facts import ORIGIN, box
from tests.rigs.nats import NatsServer

KILLS = 8
FACTS = 1000
RULES = (
    AlertRule(name="each", when=Crossing(line="door"), suppress=0.0),
    AlertRule(name="same", when=Crossing(line="door"), suppress=30.0),
    AlertRule(name="many", when=Count(line="door", direction="in", count=5, window=20.0)),
    AlertRule(name="full", when=Occupancy(zone="till", count=3), suppress=7.0),
    AlertRule(name="loiter", when=Visit(zone="till", event="stay"), min_time=12.0, suppress=0.0),
    AlertRule(name="track", when=Presence(per="track"), min_time=20.0, suppress=0.0),
)

# Where it goes on is written down so often, and with so little overlap, that much is recalled and little heard again.
DECIDER = """
import asyncio, sys
from datetime import timedelta
from pathlib import Path
import msgspec
import edged.bus.reading
from edged import config
from tests.rigs.facts import box
from tests.rigs.handlers import handling

async def decide(home, url, settings):
    edged.bus.reading.OVERLAP = timedelta(seconds=float(sys.argv[4]))
    async with box(url, home / "outbox.db") as node, handling(node, settings):
        while not (handler := sys.modules.get("_edged_handler_alerts")) or not hasattr(handler, "PERIOD"):
            await asyncio.sleep(0)
        handler.PERIOD = 0.02
        print("deciding", flush=True)
        await asyncio.get_running_loop().create_future()

asyncio.run(decide(Path(sys.argv[1]), sys.argv[2], msgspec.json.decode(sys.argv[3], type=config.Config)))
"""


def story(seed: int, begin: datetime) -> Iterator[m.AnyFact]:
    """People come, cross, stay and go, ten a minute and more."""
    draw = random.Random(seed)
    moment, inside = begin, 0
    for track in range(FACTS // 5):
        moment += timedelta(seconds=draw.uniform(0.5, 6))
        told = {"session": "s", "track": track, "pts": 0, "label": "person", "score": 0.9}
        stays, id = draw.uniform(2, 40), f"edge.front.s.{track}"
        came, left = moment, moment + timedelta(seconds=stays)
        inside = 1 + draw.randrange(4)
        yield m.TrackStarted(**ORIGIN, **told, time=came, id=f"{id}.started", box=(0, 0, 1, 1), first_seen=came)
        yield crossed(f"{id}.in", time=came, track=track)
        yield m.ZoneEntered(**ORIGIN, **told, time=came, id=f"{id}.entered", zone="till", point=(0, 0), inside=inside)
        yield m.ZoneLeft(
            **ORIGIN, **told, time=left, id=f"{id}.left", zone="till", entered=came, dwell=stays, inside=inside - 1
        )
        yield m.TrackEnded(**ORIGIN, **told, time=left, id=f"{id}.ended", first_seen=came, last_seen=left, path=())


def undisturbed(facts: list[m.AnyFact]) -> list[str]:
    """What one who is never killed raises."""
    long_ago = datetime(1970, 1, 1, tzinfo=UTC)
    rules = Rules([RuleRecord(rule=rule, since=long_ago) for rule in RULES], Here({}, ZoneInfo("UTC"), long_ago))
    return sorted(alert.id for fact in facts for alert in rules.hear(fact))


async def test_whenever_it_is_killed_each_alert_is_raised_once(nats_server: NatsServer, tmp_path: Path) -> None:
    chance = random.Random(11)
    config = {
        "state_dir": str(tmp_path / "state"), "handlers": {"run": ["alerts"]},
        "alerts": msgspec.to_builtins([*RULES, AlertRule(name="mark", when=Crossing(line="mark"), suppress=0.0)]),
    }  # fmt: skip
    command = (sys.executable, "-c", DECIDER, str(tmp_path), nats_server.url, msgspec.json.encode(config).decode())

    async def decider() -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *command, chance.choice(("0", "180")), stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout
        while b"deciding" not in (await process.stdout.readline()):
            assert process.returncode is None
        return process

    async with box(nats_server.url, tmp_path / "camera.db") as node, asyncio.timeout(120):
        process = await decider()
        await decided(node)
        facts = list(story(3, datetime.now(UTC) + timedelta(seconds=1)))
        waiting = list(facts)
        for kill in range(KILLS):
            for _ in range(FACTS // KILLS):
                await node.facts.publish(waiting.pop(0))
            await asyncio.sleep(chance.uniform(0, 0.25))
            process.kill()
            await process.wait()
            if kill % 4 == 3:
                await nats_server.stop(signal.SIGKILL)
                await nats_server.start()
            process = await decider()
        for fact in waiting:
            await node.facts.publish(fact)
        await decided(node)
        ids = [alert.id for alert in await raised(node)]
        process.kill()
        await process.wait()
    expected = undisturbed(facts)
    assert Counter(ids).most_common(1)[0][1] == 1, "an alert is in the stream twice"
    assert sorted(ids) == expected
    assert {id.partition(".")[0] for id in expected} == {rule.name for rule in RULES}
