"""Six real people come in one after the other, seen from behind: who was known keeps the name by their figure, and nobody else inherits it.

Everything is what edged does, with real networks, from the decoded frame to the fact, but for one thing: nobody in this clip shows a face that is
large enough. So where somebody is to be recognised, the look that a recogniser told gets a made face.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count, permutations
from pathlib import Path

import av
import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from edged import config, subjects
from edged import messages as m
from edged.bus.link import Refused, Unanswered
from edged.camera import jpeg
from edged.camera.frames import Frame
from edged.identities import Face, Looked
from edged.identity.bodies import Bodies
from edged.identity.decide import Thresholds
from edged.identity.voting import Ballot
from edged.node.crops import LONGEST_PERSON, QUALITY, around
from edged.people.voter import Voter
from edged.recognition import chosen
from edged.recognition.recogniser import Recogniser, open_recogniser
from edged.scene.presence import box_of
from edged.vision.detector import open_detector
from edged.vision.eyes import Eyes
from tests import frames
from tests.rigs import faces
from tests.rigs.gallery import MODEL, PeopleBox, people_box, picture, vector
from tests.rigs.gallery import jpeg as made_picture
from tests.rigs.nats import NatsServer

CLIP = "one-by-one-person-detection.mp4"
STEP = 5  # frames, of ten a second
PAUSE = 90_000  # ticks between two looks: one a second, however good or bad, so that nobody's bad moments are left out
Person = list[Looked]  # the looks at one track, oldest first


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = faces.data()
    if not (data / "clips" / CLIP).exists():
        pytest.skip(f"no {CLIP} in {data / 'clips'}: set EDGED_TEST_DATA")
    folder = tmp_path_factory.mktemp("models")
    faces.add_real_models(folder)
    (folder / "yolox_nano.onnx").symlink_to(data / "models" / "yolox_nano.onnx")
    return folder


@pytest.fixture(scope="module")
def people(models: Path) -> list[Person]:
    found = asyncio.run(seen(models, faces.data() / "clips" / CLIP))
    assert len(found) == 6, "six people, each as one track"
    assert min(map(len, found)) >= 8, [len(looks) for looks in found]
    assert all(face.reason for looks in found for look in looks for face in look.faces), "no usable face in this clip"
    return found


async def seen(models: Path, clip: Path) -> list[Person]:
    """What recognisers tell of everybody in the clip, by track."""
    tracks: dict[int, Person] = {}
    wanted = config.Detector(model="yolox-nano", pull=False, threads=1)
    async with open_detector(wanted, models) as detector, open_recogniser(config.Config(), models) as recogniser:
        eyes = Eyes(config.Camera(id="front", url=str(clip), labels=("person",)), detector, {})
        with av.open(str(clip)) as container:
            for number, decoded in enumerate(container.decode(video=0)):
                if number % STEP:
                    continue
                frame = replace(frames.of_picture(decoded, number), pts=number * 9_000, arrived=time.monotonic())
                if not number:
                    eyes.begin(frame)
                update = (await eyes.look(frame)).update
                for tracked in update.tracks:
                    looks = tracks.setdefault(tracked.id, [])
                    if not looks or frame.pts - looks[-1].pts >= PAUSE:
                        looks.append(await looked(recogniser, frame, tracked.id, tracked.score, box_of(tracked)))
    return list(tracks.values())


async def looked(recogniser: Recogniser, frame: Frame, track: int, score: float, box: m.Box) -> Looked:
    """Cut out as a node does it, and looked at as a worker does."""
    data, area, (width, height) = jpeg.cut(frame, around(box), LONGEST_PERSON, QUALITY)
    taken = m.PersonTaken(
        site="home", node="edge", camera="front", time=frame.time, id=f"{track}.{frame.seq}", session="s", track=track,
        pts=frame.pts, label="person", score=score, box=box, area=area, width=width, height=height, body=True,
    )  # fmt: skip
    return await recogniser.look(taken, data)


def test_a_figure_is_more_like_its_own_than_like_strangers(people: list[Person], models: Path) -> None:
    """All strangers lie below the threshold; at 0.7, once the guess, they inherited names."""
    threshold = chosen.thresholds(config.Recognition(), models, "osnet").score
    strangers = np.concatenate([cosines(one, other) for one, other in permutations(people, 2)])
    own = np.concatenate([cosines(one[: len(one) // 2], one[len(one) // 2 :]) for one in people])
    for name, values in (("own", own), ("strangers", strangers)):
        print(name, values.size, np.percentile(values, (0, 5, 50, 95, 100)).round(2))
    assert np.mean(own >= threshold) > 0.75
    assert strangers.max() < threshold


def test_whichever_look_it_was_that_had_the_face_nobody_else_inherits_the_name(
    people: list[Person], models: Path
) -> None:
    scales = chosen.thresholds(config.Recognition(), models, "osnet")
    kept = inherited = asked = 0
    for person in people:
        first, second = halves(person)
        for known in first:
            bodies = Bodies(hours=1)
            bodies.add("ada", np.frombuffer(known.body, "<f4"), at=0.0)
            asked += 1
            kept += named(bodies, second, scales)
            inherited += sum(named(bodies, other, scales) for other in people if other is not person)
    print(f"{kept} of {asked} kept the name, {inherited} of {asked * (len(people) - 1)} inherited it")
    assert inherited == 0
    assert kept > 0.8 * asked


def named(bodies: Bodies, looks: Person, scales: Thresholds) -> bool:
    """Whether a track of these looks, none of which has a face, gets a name."""
    ballot = Ballot(config.Recognition(), datetime.now(UTC))
    for look in looks:
        whose = bodies.whose(np.frombuffer(look.body, "<f4"), 1.0, (), scales) if ballot.wants_body else None
        if ballot.no_face(whose):
            return True
    return False


def cosines(one: Person, other: Person) -> NDArray[np.float32]:
    first, second = (np.stack([np.frombuffer(look.body, "<f4") for look in looks]) for looks in (one, other))
    return np.asarray(first @ second.T, np.float32).ravel()


async def test_who_was_recognised_once_keeps_the_name_by_figure_and_nobody_else_of_the_clip_gets_it(
    nats_server: NatsServer, tmp_path: Path, models: Path, people: list[Person]
) -> None:
    """One known person at a time, so that nobody else's figure could speak against a name: the hardest case."""
    async with people_box(nats_server.url, tmp_path / "box", detector=config.Detector(models_dir=str(models))) as box:
        ada = await box.gallery.create(name="Ada", by="test", samples=[picture(1)])
        for number, person in enumerate(people):
            async with voting(box, f"s{number}") as hall:
                first, second = halves(person)
                await hall.recognised(1, first, who=1)
                await hall.tell(1, second)  # turned away, still the same track
                await hall.end(1)
                for track, other in enumerate(people, 10):
                    if other is not person:
                        await hall.tell(track, other)
                await hall.tell(20, second)  # lost meanwhile, and found again
                assert await hall.names(2) == [(1, ada.id, "face"), (20, ada.id, "body")]


async def test_when_everybody_was_recognised_each_keeps_their_own_name(
    nats_server: NatsServer, tmp_path: Path, models: Path, people: list[Person]
) -> None:
    async with people_box(nats_server.url, tmp_path / "box", detector=config.Detector(models_dir=str(models))) as box:
        ids = [
            (await box.gallery.create(name=f"Person {who}", by="test", samples=[picture(who)])).id
            for who in range(len(people))
        ]
        async with voting(box, "s") as hall:
            for who, person in enumerate(people):
                await hall.recognised(who, halves(person)[0], who)
                await hall.end(who)
            for who, person in enumerate(people):
                await hall.tell(10 + who, halves(person)[1])
            said = [(who, ids[who], "face") for who in range(len(people))]
            assert await hall.names(2 * len(people)) == [
                *said,
                *((10 + who, ids[who], "body") for who in range(len(people))),
            ]


def halves(person: Person) -> tuple[Person, Person]:
    return person[: len(person) // 2], person[len(person) // 2 :]


class Hall:
    """A camera's looks, told to the voter of a box; what it says of them."""

    def __init__(self, box: PeopleBox, session: str, heard: "asyncio.Queue[m.FaceIdentified]") -> None:
        self._box = box
        self._session = session
        self._heard = heard
        self._pts = count()

    async def tell(self, track: int, looks: Person) -> None:
        for look in looks:
            told = msgspec.structs.replace(look, session=self._session, track=track, pts=next(self._pts))
            await self._box.node.link.ask(self._box.bus.subject("looked"), msgspec.json.encode(told))

    async def recognised(self, track: int, looks: Person, who: int) -> None:
        """One look of these, in the middle, shows the face of `who` as well."""
        face = Face(
            box=(0.4, 0.2, 0.05, 0.1), points=(), score=0.9, quality=0.8, jpeg=made_picture(who),
            vector=vector(who).astype("<f4").tobytes(),
        )  # fmt: skip
        middle = len(looks) // 2
        shown = msgspec.structs.replace(looks[middle], model=MODEL, faces=(face,))
        await self.tell(track, [*looks[:middle], shown, *looks[middle + 1 :]])

    async def end(self, track: int) -> None:
        now = datetime.now(UTC)
        ended = m.TrackEnded(
            site="home", node="edge", camera="front", time=now, id=f"{self._session}.{track}", session=self._session,
            track=track, pts=9, label="person", score=0.9, first_seen=now, last_seen=now, path=(),
        )  # fmt: skip
        async with self._box.node.link.subscribe(subjects.of(ended)) as echo, asyncio.timeout(10):
            await self._box.node.facts.publish(ended)
            await echo.get()

    async def names(self, wanted: int) -> list[tuple[int, str, str]]:
        """(track, identity, by) of the first so many facts of this session: they come in the order in which they were said."""
        said: list[tuple[int, str, str]] = []
        async with asyncio.timeout(20):
            while len(said) < wanted:
                fact = await self._heard.get()
                if fact.session == self._session:
                    said.append((fact.track, fact.identity, fact.by))
        return said


@asynccontextmanager
async def voting(box: PeopleBox, session: str) -> AsyncIterator[Hall]:
    """A voter that remembers nobody's figure yet."""
    heard: asyncio.Queue[m.FaceIdentified] = asyncio.Queue()

    async def listen() -> None:
        async with aclosing(box.node.facts.replay("face")) as replayed:
            async for stored in replayed:
                if isinstance(stored.fact, m.FaceIdentified):
                    heard.put_nowait(stored.fact)

    tasks = [asyncio.create_task(Voter(box.bus, box.gallery).run()), asyncio.create_task(listen())]
    try:
        async with asyncio.timeout(10):
            while not await answers(box):
                await asyncio.sleep(0.01)
        yield Hall(box, session, heard)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def answers(box: PeopleBox) -> bool:
    try:
        await box.node.link.ask(box.bus.subject("looked"), b"{}")
    except Refused:
        return True
    except Unanswered:  # not yet
        return False
    return True
