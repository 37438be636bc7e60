"""Who watches what over WebRTC: admits viewers, names them, and lets go of them when they are gone."""

import asyncio
import importlib
import math
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from edged import config
from edged.bus.link import BusError
from edged.gateway.errors import Problem
from edged.gateway.webrtc.feed import Feed, Videos
from edged.gateway.webrtc.rates import Rates
from edged.subjects import Address

if TYPE_CHECKING:
    from edged.gateway.webrtc.peer import Peer

log = structlog.get_logger()

_VIDEO_KNOWN = 6.0  # seconds in which a node says whether there is video
_BURST = 40  # offers at once, as when a wall of tiles opens


class Unusable(Exception):
    """The other side said something that cannot be used; the text says what."""


@dataclass(eq=False)
class Session:
    """One viewer of one camera. `offer` is the gateway's, if it made one; `etag` names the ICE session, RFC 9725."""

    id: str
    address: Address
    began: float = field(default_factory=time.monotonic)
    offer: str = ""
    etag: str = field(default_factory=lambda: f'"{secrets.token_hex(8)}"')
    _ready: "asyncio.Future[Peer]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    _task: asyncio.Task[None] | None = None

    @property
    def peer(self) -> "Peer | None":
        ready = self._ready
        return ready.result() if ready.done() and not ready.cancelled() and ready.exception() is None else None

    @property
    def connection(self) -> "Peer":
        """Problem 409 when it is not ready yet."""
        if (peer := self.peer) is None:
            raise Problem(409, "early", f"session {self.id} is still being made: wait for the answer to its request")
        return peer

    @property
    def state(self) -> str:
        return self.peer.state if self.peer else "new"

    @property
    def seconds(self) -> float:
        return round(time.monotonic() - self.began, 1)

    @property
    def sent(self) -> int:
        return self.peer.video.sent if self.peer else 0

    @property
    def dropped(self) -> int:
        return self.peer.video.dropped if self.peer else 0

    @property
    def bursts(self) -> int:
        return self.peer.video.bursts if self.peer else 0

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()


class Sessions:
    """The open sessions. `opened` counts them all, `refused` those over a limit."""

    def __init__(self, videos: Videos, settings: config.WebRtc) -> None:
        self.opened = 0
        self.refused = 0
        self._sent = 0
        self._dropped = 0
        self.limit = settings.sessions
        self.ice_servers = ice_servers(settings)
        self._videos = videos
        self._settings = settings
        self._open: dict[str, Session] = {}
        self._numbers: Counter[str] = Counter()
        self._rates = Rates(settings.offers_per_minute, _BURST)
        self._group: asyncio.TaskGroup | None = None

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[Session]:
        return iter(tuple(self._open.values()))

    @property
    def sent(self) -> int:
        """Access units, to all viewers there were."""
        return self._sent + sum(session.sent for session in self)

    @property
    def dropped(self) -> int:
        return self._dropped + sum(session.dropped for session in self)

    async def run(self) -> None:
        """Owns the sessions' tasks, for ever."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            await asyncio.get_running_loop().create_future()

    def find(self, id: str) -> Session:
        """Problem 404."""
        if id not in self._open:
            raise Problem(404, "not_found", f"no session {id!r}: it ended, or never was; begin a new one")
        return self._open[id]

    def check(self, client: str) -> None:
        """Problem 429 when the client asks too often."""
        wait = self._rates.wait(client, time.monotonic())
        if wait:
            self.refused += 1
            sentence = f"more than {self._settings.offers_per_minute} offers a minute (webrtc.offers_per_minute): ask again in {math.ceil(wait)} s"
            raise Problem(429, "limit", sentence, {"Retry-After": str(math.ceil(wait))})

    async def open(self, address: Address, client: str) -> tuple[Session, "Peer"]:
        """A session for a viewer. Problem 404, 429 or 503, and whatever the camera's node says (BusError)."""
        if not self._settings.enabled:
            raise Problem(404, "not_found", "WebRTC is off here: set enabled = true under [webrtc] in edged.toml")
        self.check(client)
        if len(self._open) >= self.limit:
            self.refused += 1
            sentence = f"{self.limit} WebRTC sessions are open, the most allowed (webrtc.sessions): close one"
            raise Problem(503, "limit", sentence, {"Retry-After": "5"})
        assert self._group is not None, "sessions are opened while they run"
        self._numbers[address.camera] += 1
        self.opened += 1
        session = Session(f"{address.camera}_{self._numbers[address.camera]}", address)
        self._open[session.id] = session
        session._task = self._group.create_task(self._serve(session))
        session._task.add_done_callback(lambda _: session._ready.cancel())
        try:
            return session, await asyncio.shield(session._ready)
        except asyncio.CancelledError:
            session.close()
            raise

    async def _serve(self, session: Session) -> None:
        try:
            with self._videos.watching(session.address) as feed:
                if (peer := await self._prepared(session, feed)) is None:
                    return
                try:
                    await peer.run()
                finally:
                    self._sent += peer.video.sent
                    self._dropped += peer.video.dropped
        except Exception:  # aiortc reads what strangers send; one of them must not end the others
            log.exception("webrtc session failed", session=session.id)
        finally:
            del self._open[session.id]

    async def _prepared(self, session: Session, feed: Feed) -> "Peer | None":
        loading = asyncio.to_thread(importlib.import_module, "edged.gateway.webrtc.peer")
        try:
            async with asyncio.timeout(_VIDEO_KNOWN):
                module, _ = await asyncio.gather(loading, feed.begun.wait())
            if feed.failure is not None:
                raise feed.failure
        except TimeoutError:
            session._ready.set_exception(BusError(f"{session.address} did not say whether it has video"))
        except BusError as error:
            session._ready.set_exception(error)
        else:
            peer: Peer = module.Peer(feed, self.ice_servers)
            session._ready.set_result(peer)
            return peer
        return None


def ice_servers(settings: config.WebRtc) -> list[dict[str, str]]:
    """As browsers take them, RTCIceServer."""
    servers = [{"urls": settings.stun}] if settings.stun else []
    if settings.turn:
        servers.append({"urls": settings.turn, "username": settings.turn_user, "credential": settings.turn_password})
    return servers
