"""One opening of a camera, from open to close, in one thread."""

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import av.error
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from edged.camera import faults, leftovers, opening, urls
from edged.camera.clock import TICKS, Clock
from edged.camera.doze import Doze
from edged.camera.faults import CameraFault
from edged.camera.frames import Frame
from edged.camera.frozen import Frozen
from edged.camera.meter import Meter
from edged.camera.outlet import Outlet
from edged.camera.pace import Pace
from edged.camera.planes import Planes
from edged.camera.units import KEPT, Units

CORRUPT_IN_A_ROW = 100  # packets; more than the longest group of pictures that a lost key frame spoils, at 25 fps

Stage = Literal["opening", "reading"]


@dataclass(frozen=True)
class Looks:
    """What a camera turned out to be; `decoder` says why it is the one in use, `reordered` that there are B-frames."""

    codec: str = ""
    decoder: str = ""
    width: int = 0
    height: int = 0
    reordered: bool = False


class Capture:
    """Reads one camera until it fails or is closed. `run` blocks, and is for a thread of its own; the rest is for any thread.

    `opened_at`, `last_packet` and `last_frame` are monotonic seconds, 0 until then; until `quiet_until` there need be none: a file is held
    back, or begins again. `paced` and `finite` are as in `Video`, once it is open.
    """

    def __init__(
        self,
        how: opening.Opening,
        session: str,
        outlet: Outlet,
        meter: Meter,
        *,
        loop: bool = False,
        doze: bool = False,
        frozen_timeout: float = 0.0,
    ) -> None:
        self.session = session
        self.stage: Stage = "opening"
        self.looks = Looks()
        self.opened_at = self.last_packet = self.last_frame = self.quiet_until = 0.0
        self.paced = self.finite = False
        self._how = how
        self._outlet = outlet
        self._meter = meter
        self._loop = loop
        self._doze = doze
        self._frozen = Frozen(frozen_timeout)
        self._closing = threading.Event()
        self._planes = Planes()
        self._dozing: Doze[Packet[VideoStream]] = Doze()
        self._pace = Pace()
        self._clock = Clock(fps=25)
        self._shown = -1  # pts of the last frame
        self._seq = 0
        self._packets = 0
        self._spoiled = 0

    def close(self) -> None:
        """Nothing is put into the slot from now on. The thread ends as soon as libav lets it, at the latest after its timeouts."""
        self._closing.set()

    def run(self) -> None:
        """Returns once closed; raises CameraFault, with cause `ended` at the end of a file that is not looped.

        The fault hides the error it was made from, which may hold the password.
        """
        try:
            self._play()
            while self._loop and self.finite and not self._closing.is_set():
                self._clock.restart()
                self.quiet_until = time.monotonic() + 2 * self._how.open_timeout
                self._play()
        except Exception as error:
            if not self._closing.is_set():
                raise faults.of(error, self._how.url, opening=self.stage == "opening") from None
        finally:
            leftovers.give_back()
        if not self._closing.is_set():
            raise faults.ended(self._how.url, finite=self.finite)

    def _play(self) -> None:
        seq = self._seq
        with opening.opened(self._how) as video:
            if self._seq == 0:
                self._clock = Clock(video.fps)
            self.paced, self.finite, self.opened_at = video.paced, video.finite, time.monotonic()
            self.stage = "reading"
            self._dozing = Doze()
            units = Units(video.stream, video.codec, self.session)
            for packet in video.container.demux(video.stream):
                if self._closing.is_set():
                    return
                self._read(video, units, packet)
        if self._seq == seq:
            raise faults.undecodable(self._how.url, self.looks.codec or "a stream")

    def _read(self, video: opening.Video, units: Units, packet: "Packet[VideoStream]") -> None:
        arrived = time.monotonic()
        if packet.size:  # the last one is empty, and makes the decoder give what it holds back
            self.last_packet = arrived
            self._meter.packet(packet.size, arrived)
            self._hand_on(video, units, packet, arrived)
        ready = self._ready(video, units, packet)
        if not ready:
            self._meter.frame(arrived)
            self.last_frame = arrived  # it lives, and would have one
        for each in ready:
            try:
                pictures = video.decode(each)
            except av.error.FFmpegError:  # what is destroyed is also called an invalid argument, or to be had later
                self._spoil(video)
                continue
            for picture in pictures if each is packet else ():
                if self._closing.is_set():
                    return
                self._show(video, units, picture, arrived)

    def _ready(self, video: opening.Video, units: Units, packet: "Packet[VideoStream]") -> "list[Packet[VideoStream]]":
        """The packets to decode now: usually this one. A decoder that gives a picture later than its packet cannot doze."""
        prompt = self._how.threads == 1 and video.decoder.is_software and not units.reordered
        if not self._doze or not packet.size or not prompt or video.codec not in KEPT:
            return [packet]
        now = time.monotonic()
        return self._dozing.take(packet, key=packet.is_keyframe, size=packet.size, now=now, wanted=self._outlet.wanted)

    def _hand_on(self, video: opening.Video, units: Units, packet: "Packet[VideoStream]", arrived: float) -> None:
        """Stamps the packet with session ticks, which the decoder passes on to the frame."""
        own = round(arrived * TICKS) if video.clockless else packet.pts
        late = 0 if packet.pts is None or packet.dts is None else (packet.pts - packet.dts) * video.time_base * TICKS
        pts = self._clock.at(own, video.time_base, reordered=units.reordered)
        if video.paced and not units.reordered and self._rest(pts):
            return
        if video.paced:
            arrived = time.monotonic()
        # without a time of its own only the decoder knows where a frame belongs
        packet.pts = None if own is None and units.reordered else pts
        if video.codec in KEPT and (unit := units.of(packet, pts, pts - int(late), self._packets, arrived)):
            self._outlet.ring.put(unit)
            self._packets += 1

    def _rest(self, pts: int) -> bool:
        """Holds a file back until `pts` is due; whether it was closed meanwhile."""
        now = time.monotonic()
        wait = self._pace.wait(pts, now)
        self.quiet_until = now + wait
        return self._closing.wait(wait)

    def _spoil(self, video: opening.Video) -> None:
        self._meter.damage()
        self._spoiled += 1
        if self._spoiled >= CORRUPT_IN_A_ROW:
            raise faults.undecodable(self._how.url, video.codec)

    def _show(self, video: opening.Video, units: Units, picture: VideoFrame, arrived: float) -> None:
        pts = self._shown + self._clock.step if picture.pts is None else picture.pts
        self._shown = pts = max(pts, self._shown + 1)
        if video.paced:
            if self._rest(pts):
                return
            arrived = time.monotonic()
        self._spoiled = 0
        if picture.is_corrupt:
            self._meter.damage()
        frame = self._frame(picture, pts, arrived)
        self._meter.frame(arrived)
        self._outlet.put(frame)
        self._seq += 1
        self.last_frame = arrived
        self._look(video, units, picture)

    def _frame(self, picture: VideoFrame, pts: int, arrived: float) -> Frame:
        owner, luma, chroma, full_range = self._planes.of(picture)
        if self._frozen.is_after(luma, arrived):
            raise CameraFault("frozen", f"{urls.place(self._how.url)} sends the very same picture; restart the camera")
        return Frame(
            picture=owner,
            luma=luma,
            chroma=chroma,
            full_range=full_range,
            width=picture.width,
            height=picture.height,
            session=self.session,
            seq=self._seq,
            pts=pts,
            time=datetime.now(UTC),
            arrived=arrived,
        )

    def _look(self, video: opening.Video, units: Units, picture: VideoFrame) -> None:
        seen = (picture.width, picture.height, units.reordered)
        if seen != (self.looks.width, self.looks.height, self.looks.reordered):
            self.looks = Looks(video.codec, str(video.decoder), *seen)
