"""What a stream is: asked once, before it becomes a camera."""

import asyncio
import time

import av.error

from edged.asking import ProbeReport
from edged.camera import background, faults, opening, reach, urls
from edged.camera.clock import TICKS, Clock
from edged.camera.opening import Opening, Transport, Video

OPEN_TIMEOUT = 5.0
FIRST_PICTURE = 12.0  # seconds; cameras set to long distances of key frames show nothing before the next one


async def probe(url: str, transport: Transport = "auto", seconds: float = 4.0) -> ProbeReport:
    """Watches the stream for `seconds` after its first picture; CameraFault says why that is not possible.

    A file is read as fast as it can be, for as many seconds of its own. The report's URL is redacted.
    """
    asked = time.monotonic()
    await reach.check(url, OPEN_TIMEOUT)
    how = Opening(url=url, transport=transport, open_timeout=OPEN_TIMEOUT, read_timeout=OPEN_TIMEOUT, audio=True)
    watching = background.start("probe", lambda: _watch(how, seconds, asked))
    try:
        async with asyncio.timeout(2 * OPEN_TIMEOUT + FIRST_PICTURE + seconds):
            return await watching
    except TimeoutError:
        raise faults.silent(url) from None


def _watch(how: Opening, seconds: float, asked: float) -> ProbeReport:
    reading = False
    try:
        with opening.opened(how) as video:
            reading = True
            seen = _Seen(video, asked)
            for packet in video.container.demux(video.stream):
                seen.packet(packet.size, packet.is_keyframe)
                try:
                    pictures = video.decode(packet)
                except av.error.InvalidDataError:
                    continue
                for picture in pictures:
                    seen.picture(picture.pts)
                if seen.enough(seconds):
                    break
            return seen.report(how.url)
    except Exception as error:
        raise faults.of(error, how.url, opening=not reading) from None


class _Seen:
    """What was seen so far of one video."""

    def __init__(self, video: Video, asked: float) -> None:
        self._video = video
        self._asked = asked
        self._opened = time.monotonic()
        self._clock = Clock(video.fps)
        self._first_at = 0.0
        self._pts = 0
        self._pictures = 0
        self._bytes = self._packets = 0
        self._keys: list[int] = []

    def packet(self, size: int, is_key: bool) -> None:
        if is_key and size:
            self._keys.append(self._packets)
        self._packets += size > 0
        self._bytes += size

    def picture(self, pts: int | None) -> None:
        now = time.monotonic()
        self._first_at = self._first_at or now
        self._pictures += 1
        self._pts = self._clock.at(round(now * TICKS) if self._video.clockless else pts, self._video.time_base)

    def enough(self, seconds: float) -> bool:
        now = time.monotonic()
        if not self._first_at:
            return now - self._opened > FIRST_PICTURE
        return self._pts >= seconds * TICKS or now - self._first_at > seconds

    def report(self, url: str) -> ProbeReport:
        context = self._video.stream.codec_context
        if not self._pictures:
            raise faults.undecodable(url, self._video.codec)
        fps = (self._pictures - 1) * TICKS / self._pts if self._pts else self._video.fps
        gaps = len(self._keys) - 1
        return ProbeReport(
            url=urls.redact(url),
            codec=self._video.codec,
            profile=context.profile or "",
            width=context.width,
            height=context.height,
            fps=round(fps, 2),
            bitrate=round(8 * self._bytes * fps / self._packets),
            keyframe_interval=round((self._keys[-1] - self._keys[0]) / gaps / fps, 2) if gaps > 0 else None,
            latency=round(self._first_at - self._asked, 3),
            audio=self._audio(),
            decoder=str(self._video.decoder),
        )

    def _audio(self) -> str:
        found = self._video.container.streams.audio
        if not found:
            return ""
        context = found[0].codec_context
        return f"{context.codec.canonical_name} {context.sample_rate} Hz" if context else "unknown"
