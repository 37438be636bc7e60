"""Never stuck: `python -m bench.faults` does to a camera of a running daemon what networks and cameras do, five hundred times in a row.

The daemon has its default settings. What it says is heard on NATS, what it uses is read from /proc; a second camera is watched for holes.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import nats
from nats.aio.client import Client
from nats.aio.msg import Msg

from bench.processes import usage
from bench.results import save, table
from bench.trials import Trial, Used, by_trouble, section
from bench.troubles import TROUBLES, Scene, Trouble
from edged.asking import PictureMeta, VideoMeta
from edged.messages import CameraStateChanged
from tests.rigs import clips
from tests.rigs.daemon import camera, running_daemon
from tests.rigs.faults import BadNetwork

HURT, OTHER = "hurt", "other"
PATIENCE = 90.0  # seconds until a picture must be back

_state = msgspec.json.Decoder(CameraStateChanged)
_unit = msgspec.json.Decoder(VideoMeta)
_picture = msgspec.json.Decoder(PictureMeta)


@dataclass
class Heard:
    """What the daemon says: the states of one camera, how many units of the other came and how many are missing."""

    states: list[CameraStateChanged] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    units: int = 0
    missing: int = 0
    sessions: set[str] = field(default_factory=set)
    _last: int = -1

    async def state(self, message: Msg) -> None:
        self.states.append(_state.decode(message.data))
        self.news.set()

    async def unit(self, message: Msg) -> None:
        meta = _unit.decode(message.headers["Edged-Meta"])  # type: ignore[index]
        if meta.session in self.sessions:
            self.missing += meta.seq - self._last - 1
        self.sessions.add(meta.session)
        self.units += 1
        self._last = meta.seq

    @property
    def lost(self) -> int:
        """Units that are missing; a new session counts as one, too."""
        return self.missing + len(self.sessions) - 1

    def lost_since(self, began: float) -> CameraStateChanged | None:
        """The first state since `began` (seconds of the wall clock) that is not `running`."""
        return next((s for s in self.states if s.time.timestamp() >= began and s.status != "running"), None)


@dataclass(frozen=True)
class Watching:
    """A daemon with two cameras, and who hears it."""

    pid: int
    client: Client
    subject: str
    scene: Scene
    heard: Heard

    async def trial(self, trouble: Trouble, lasting: float) -> Trial:
        began = time.time()
        await trouble.begin(self.scene)
        lost = await self._lost(began, PATIENCE if trouble.loses else lasting)
        healed = time.time()
        if trouble.end:
            if trouble.loses:
                await asyncio.sleep(began + lasting - healed)
            healed = time.time()
            await trouble.end(self.scene)
        elif lost:
            healed = lost.time.timestamp()  # the camera was never away: it counts from when that was noticed
        back = await self.picture_since(healed)
        lost = lost or self.heard.lost_since(began)
        noticed = lost and lost.time.timestamp() - began
        return Trial(trouble.name, noticed, str(lost.cause) if lost else "", back - healed)

    async def _lost(self, began: float, most: float) -> CameraStateChanged | None:
        try:
            async with asyncio.timeout(most):
                while not (lost := self.heard.lost_since(began)):
                    self.heard.news.clear()
                    await self.heard.news.wait()
                return lost
        except TimeoutError:
            return None

    async def picture_since(self, moment: float) -> float:
        """When a picture that arrived after `moment` could be had."""
        known = {"session": "", "after": -1}
        async with asyncio.timeout(PATIENCE):
            while True:
                request = msgspec.json.encode(known | {"wait": 5.0, "width": 64})
                reply = await self.client.request(f"{self.subject}.picture", request, timeout=10)
                if "Edged-Meta" in (reply.headers or {}):
                    meta = _picture.decode(reply.headers["Edged-Meta"])  # type: ignore[index]
                    if meta.time.timestamp() > moment:
                        return time.time()
                    known = {"session": meta.session, "after": meta.pts}

    def used(self) -> Used:
        proc = Path(f"/proc/{self.pid}")
        return Used(len(list((proc / "task").iterdir())), len(list((proc / "fd").iterdir())), usage(self.pid).own_rss)


@asynccontextmanager
async def watching(folder: Path) -> AsyncIterator[Watching]:
    async with Scene.of(clips.make(folder)) as scene, BadNetwork(scene.usual.port) as network:
        scene.network = network
        cameras = camera(HURT, f"rtsp://127.0.0.1:{network.port}/live", transport="tcp", frozen_timeout=2.0) + camera(
            OTHER, scene.other.url, transport="tcp"
        )
        async with running_daemon(folder, cameras) as daemon:
            client = await nats.connect(await daemon.bus_url())
            view = await daemon.until_status(HURT, "running")
            await daemon.until_status(OTHER, "running")
            subject = f"edged.v1.{view['site']}.{view['node']}"
            heard = Heard()
            await client.subscribe(f"{subject}.{HURT}.state", cb=heard.state)
            await client.subscribe(f"{subject}.{OTHER}.video", cb=heard.unit)
            assert daemon.process
            try:
                yield Watching(daemon.process.pid, client, f"{subject}.{HURT}", scene, heard)
            finally:
                await client.close()


async def measured(count: int, seed: int) -> tuple[list[Trial], list[Used], Heard]:
    chance = random.Random(seed)
    trials, used = [], []
    with tempfile.TemporaryDirectory(prefix="edged-faults-") as name:
        async with watching(Path(name)) as watch:
            await watch.picture_since(time.time())
            for number in range(1, count + 1):
                trouble = chance.choice([each for each in TROUBLES if each.fits(watch.scene)])
                trial = await watch.trial(trouble, chance.uniform(0.3, 2.0))
                await asyncio.sleep(chance.uniform(0.3, 1.0))
                trials.append(trial)
                used.append(watch.used())
                noticed = "-" if trial.noticed is None else f"{trial.noticed:.2f} s"
                print(
                    f"{number:4} {trial.trouble:<24} noticed {noticed:>7} {trial.cause:<12} back {trial.back:5.2f} s"
                    f"  {used[-1].threads} threads, {used[-1].handles} files, {used[-1].rss / 1e6:.1f} MB",
                    flush=True,
                )
            return trials, used, watch.heard


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.faults", description=__doc__)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=4711)
    wanted = parser.parse_args()
    trials, used, heard = asyncio.run(measured(wanted.count, wanted.seed))
    found = section(trials, used, heard.units, heard.lost)
    print("\n" + by_trouble(trials) + "\n\n" + table(found))
    print(f"kept in {save([found], 'none', wanted.count < 500)}")
    return 0 if all(row.met is not False for row in found.rows) else 1


if __name__ == "__main__":
    sys.exit(main())
