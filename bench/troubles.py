"""What happens to cameras: each trouble is how it begins, and how it ends."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self

from tests.rigs.clips import Clips
from tests.rigs.faults import BadNetwork
from tests.rigs.rtp import Repeated, damaged, dropped, foreign
from tests.rigs.rtsp import RtspServer


@dataclass
class Scene:
    """The servers there are, and the network in front of the one that is hurt. `other` is left in peace."""

    usual: RtspServer
    larger: RtspServer
    hevc: RtspServer
    jpeg: RtspServer
    other: RtspServer
    parts: list[bytes]
    network: BadNetwork

    @classmethod
    @asynccontextmanager
    async def of(cls, clips: Clips) -> AsyncIterator[Self]:
        served = (clips.annexb, clips.annexb_large, clips.hevc, clips.jpegs, clips.annexb)
        servers = [RtspServer(clip) for clip in served]
        parts = clips.hevc.read_bytes().split(b"\0\0\0\1")[1:]
        try:
            for server in servers:
                await asyncio.to_thread(server.start)
            yield cls(*servers, parts=[part[:1400] for part in parts], network=BadNetwork(0))
        finally:
            for server in servers:
                server.kill()

    @property
    def now(self) -> RtspServer:
        """The one that the camera is at the moment."""
        return next(one for one in (self.usual, self.larger, self.hevc, self.jpeg) if one.port == self.network.behind)

    def be(self, server: RtspServer) -> None:
        self.network.behind = server.port
        self.network.reset()


Act = Callable[[Scene], Awaitable[None]]


@dataclass(frozen=True)
class Trouble:
    """`loses` says that the session cannot outlive it. Without an `end` it is a change that stays."""

    name: str
    begin: Act
    end: Act | None
    loses: bool = True
    fits: Callable[[Scene], bool] = lambda scene: True


def _at_once(act: Callable[[Scene], None]) -> Act:
    async def acted(scene: Scene) -> None:
        act(scene)

    return acted


def _network(act: Callable[[BadNetwork], None]) -> Act:
    return _at_once(lambda scene: act(scene.network))


_heal = _network(BadNetwork.heal)


def _answers(name: str, reply: bytes) -> Trouble:
    return Trouble(name, _network(lambda network: network.say(reply)), _heal)


def _set(**how: object) -> Act:
    def act(network: BadNetwork) -> None:
        for name, value in how.items():
            setattr(network, name, value)

    return _network(act)


def _becomes(name: str, which: str) -> Trouble:
    return Trouble(
        name,
        _at_once(lambda scene: scene.be(getattr(scene, which))),
        None,
        fits=lambda scene: scene.now is not getattr(scene, which),
    )


async def _turns(scene: Scene) -> None:
    """The camera's codec is set to another one, and it does not even end the session."""
    scene.network.change = foreign(scene.parts)
    scene.network.behind = scene.hevc.port


async def _turned(scene: Scene) -> None:
    scene.network.change = None


async def _same_picture(scene: Scene) -> None:
    scene.network.change = Repeated()


def _is_h264(scene: Scene) -> bool:
    return scene.now in (scene.usual, scene.larger)


async def _crashes(scene: Scene) -> None:
    scene.now.kill()


async def _starts(scene: Scene) -> None:
    await asyncio.to_thread(scene.now.start)


TROUBLES = (
    Trouble("connection reset", _network(BadNetwork.reset), None),
    Trouble("connection closed", _network(BadNetwork.shut), None),
    Trouble("port refuses", _network(BadNetwork.refuse), _heal),
    Trouble("silent, TCP alive", _network(BadNetwork.hold), _heal),
    Trouble("plug pulled", lambda scene: scene.network.vanish(), lambda scene: scene.network.come_back()),
    Trouble("server hangs", _at_once(lambda scene: scene.now.freeze()), _at_once(lambda scene: scene.now.thaw())),
    Trouble("server crashes", _crashes, _starts),
    _answers("no answer", b""),
    _answers("404", b"RTSP/1.0 404 Not Found\r\n%CSEQ%\r\n\r\n"),
    _answers("503", b"RTSP/1.0 503 Service Unavailable\r\n%CSEQ%\r\n\r\n"),
    _answers("another server", b"HTTP/1.1 200 OK\r\n\r\n<html>"),
    Trouble("1 packet in 5 damaged", _set(change=damaged(1)), _heal, loses=False),
    Trouble("1 packet in 5 lost", _set(change=dropped(1, 0.2)), _heal, loses=False),
    Trouble("half a second late", _set(delay=0.5), _heal, loses=False),
    Trouble("the same picture for ever", _same_picture, _heal, fits=_is_h264),
    _becomes("set to 640x480", "larger"),
    _becomes("set to H.265", "hevc"),
    _becomes("set to MJPEG", "jpeg"),
    _becomes("set to H.264", "usual"),
    Trouble("H.265 inside an H.264 session", _turns, _turned, fits=_is_h264),
)
