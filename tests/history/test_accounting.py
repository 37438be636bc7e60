"""In less out is the occupancy is the replay of the log: through lost cameras, new sessions, restarts, midnight, DST and clocks set back."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edged import config
from edged import questions as q
from edged.history import counts
from edged.history.archive import Archive, open_archive
from edged.messages import CrossingFact, LineCrossed
from edged.scene.occupancy import Counters, Tally, change, occupancy
from edged.scene.presence import Moment
from edged.scene.scene import Scene
from edged.subjects import Address
from tests.history.crossings import corrected, stored
from tests.history.test_archive import BERLIN
from tests.scene.walking import LABELS, Tracks, someone

DOOR = config.Line(id="door", points=((0.5, 0.9), (0.5, 0.1)))
CAMERA = config.Camera(id="front", url="rtsp://127.0.0.1/1", lines=(DOOR,))
SHOP = config.Counter(id="shop", lines=("front.door",), warn_threshold=3, max_capacity=6)
EVENING = datetime(2026, 10, 24, 20, tzinfo=BERLIN.tz).astimezone(UTC)  # the clocks go back in the night that follows
WAY = [0.25 + 0.05 * step for step in range(11)]
GAP = 3.0  # seconds after which nobody takes one walker for another


class Night:
    """Two days of people through a door whose camera is lost again and again, in the middle of somebody's way too.

    `log` is what the scene says and people correct, `net` how many more went in than out.
    """

    def __init__(self, seed: int) -> None:
        self.log: list[CrossingFact] = []
        self.net = 0
        self._chance = random.Random(seed)
        self._wall = EVENING
        for number in range(60):
            self._session(number)

    def _session(self, number: int) -> None:
        chance = self._chance
        self._wall += timedelta(minutes=chance.uniform(1, 90))
        scene, tracks, at = Scene(Address("home", "edge", "front"), f"s{number}", LABELS, {}, 1.0), Tracks(), 0.0
        for walker in range(1, chance.randrange(2, 7)):
            if chance.random() < 0.05:  # somebody sets the clock back, while the stream goes on
                self._wall -= timedelta(minutes=chance.uniform(1, 180))
            inward, lost = chance.random() < 0.5, chance.random() < 0.2
            for x in (WAY if inward else WAY[::-1])[: 4 if lost else len(WAY)]:
                at = round(at + 0.1, 3)
                self._take(scene.see(tracks.now(someone(walker, x, 0.5, at)), self._moment(at), CAMERA))
            if lost:
                break
            self.net += 1 if inward else -1
            at += GAP
        self._take(scene.close(self._moment(at)))
        if chance.random() < 0.1:
            wrong = chance.randrange(1, 4)
            self.log.append(corrected(f"correction-{number}", self._moment(at).wall(at), 0, wrong))
            self.net -= wrong
        self._wall += timedelta(seconds=at)

    def _moment(self, at: float) -> Moment:
        return Moment(at, round(at * 90_000), self._wall + timedelta(seconds=at))

    def _take(self, facts: list[object]) -> None:
        self.log += [fact for fact in facts if isinstance(fact, LineCrossed)]


def retold(log: list[CrossingFact], chance: random.Random) -> list[list[CrossingFact]]:
    """The log in the pieces in which processes that are restarted hear it: some of what came before comes again."""
    pieces, heard = [], 0
    while heard < len(log):
        more = heard + chance.randrange(1, 30)
        pieces.append(log[max(0, heard - chance.randrange(0, 40)) : more])
        heard = more
    return pieces


async def inside(archive: Archive, at: datetime) -> int:
    asked = q.Occupancy(at=at.isoformat())
    found = await archive.read(lambda db: counts.occupancy(db, asked, BERLIN, at.timestamp(), {}, (SHOP,)))
    assert found.occupancy == found.counters[0].occupancy
    return found.occupancy


@pytest.mark.parametrize("seed", range(6))
async def test_in_less_out_is_the_occupancy_is_the_replay_of_the_log(tmp_path: Path, seed: int) -> None:
    night, chance = Night(seed), random.Random(seed)
    assert len({fact.id for fact in night.log}) == len(night.log) > 80
    assert any(after.time < before.time for before, after in zip(night.log, night.log[1:], strict=False))
    assert max(fact.time for fact in night.log) > EVENING + timedelta(hours=10)  # midnight and the change are past
    assert occupancy(night.log) == night.net

    tally = Tally()
    for piece in retold(night.log, chance):
        counters = Counters("home", "edge", (SHOP,), tally)
        for fact in piece:
            counters.hear(fact, fact.time)
        tally = counters.tally
        async with open_archive(tmp_path / "history.db", BERLIN) as archive:
            await archive.write(stored(*piece))
    assert tally.sums["shop"] == night.net

    end = max(fact.time for fact in night.log) + timedelta(days=1)
    async with open_archive(tmp_path / "history.db", BERLIN) as archive:
        assert await inside(archive, end) == night.net
        for _ in range(25):
            at = EVENING + chance.random() * (end - EVENING)
            assert await inside(archive, at) == sum(change(fact) for fact in night.log if fact.time < at)
        for grain in ("minute", "hour", "day"):
            query = f"SELECT sum(ins - outs + fixed_in - fixed_out) FROM counts_{grain}"
            [(net,)] = await archive.read(lambda db, query=query: db.execute(query).fetchall())
            assert net == night.net, grain
