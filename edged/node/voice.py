"""What one camera says: detections at once, facts through the ledger, pictures when they are encoded."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from edged import messages as m
from edged.bus.link import Link
from edged.camera import jpeg
from edged.camera.frames import Frame
from edged.mailbox import Inbox
from edged.node.crops import Crops
from edged.node.ledger import Ledger
from edged.node.names import Names, Who
from edged.node.room import Room
from edged.node.veil import Veil
from edged.scene import shots as best
from edged.scene.looks import Taken
from edged.scene.presence import box_of
from edged.scene.shots import Shot
from edged.subjects import Address
from edged.vision.tracker import Tracked

PICTURE_WIDTH = 1280
PICTURE_QUALITY = 85
_WAITING = 4


class Voice:
    """`run()` encodes and files the pictures, while the disk has room for more than facts.

    When it falls behind the oldest are given up, each track has more than one.
    """

    def __init__(
        self,
        address: Address,
        link: Link,
        ledger: Ledger,
        threads: ThreadPoolExecutor,
        room: Room,
        crops: Crops,
        names: Names,
        veil: Veil,
        bodies: bool,
    ) -> None:
        self.published = 0
        self.age_ms = 0.0
        self._address = address
        self._link = link
        self._ledger = ledger
        self._threads = threads
        self._room = room
        self._crops = crops
        self._names = names
        self._veil = veil
        self._bodies = bodies
        self._shots: Inbox[tuple[Frame, Shot, str]] = Inbox(_WAITING)

    async def publish(self, detections: m.Detections) -> None:
        self._veil.heed(detections)
        await self._link.publish(detections)
        self.published += 1
        self.age_ms = detections.timing.age

    async def state(self, fact: m.AnyFact) -> None:
        await self._ledger.add(fact)

    def picture(self, frame: Frame, shot: Shot, label: str) -> None:
        self._shots.put((frame, shot, label))

    def crop(self, frame: Frame, taken: Taken, label: str, items: tuple[str, ...]) -> None:
        self._crops.put(frame, taken, label, items)

    def person(self, frame: Frame, tracked: Tracked, label: str) -> None:
        self._crops.put_person(frame, tracked, label, self._bodies)

    def who(self, session: str, track: int) -> Who:
        return self._names.of(self._address, session, track)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            frame, shot, label = await self._shots.get()
            if not await loop.run_in_executor(self._threads, self._room.for_pictures):
                continue
            width = min(frame.width, PICTURE_WIDTH)
            data = await loop.run_in_executor(self._threads, self._encode, frame, width)
            await self._ledger.add(self._snapshot(frame, shot, label, width), data)

    def _encode(self, frame: Frame, width: int) -> bytes:
        return jpeg.encode(self._veil.over(frame), width, PICTURE_QUALITY)

    def _snapshot(self, frame: Frame, shot: Shot, label: str, width: int) -> m.Snapshot:
        tracked, address = shot.tracked, self._address
        return m.Snapshot(
            site=address.site, node=address.node, camera=address.camera, time=frame.time,
            id=f"{address.node}.{address.camera}.{frame.session}.{tracked.id}.shot.{frame.seq}", session=frame.session,
            track=tracked.id, pts=frame.pts, label=label, score=tracked.score, box=box_of(tracked),
            width=width, height=round(frame.height * width / frame.width), quality=round(shot.quality, 3),
            key=best.key(address, frame.session, tracked.id),
        )  # fmt: skip
