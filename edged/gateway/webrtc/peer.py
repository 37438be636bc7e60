"""One browser, or other player, that gets one camera's video. Imported when the first one comes: aiortc takes 30 MB."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCDataChannel,
    RTCIceServer,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.exceptions import InternalError, InvalidAccessError, InvalidStateError, OperationError
from aiortc.sdp import candidate_from_sdp

from edged.asking import VideoMeta
from edged.gateway.webrtc import profiles
from edged.gateway.webrtc.feed import Feed
from edged.gateway.webrtc.passthrough import Passthrough
from edged.gateway.webrtc.sessions import Unusable

profiles.learn()

CHANNEL = "edged"  # the data channel that says which frame a packet's time belongs to
_CONNECTING = 15.0
_UNREADABLE = (
    ValueError, TypeError, LookupError, AttributeError, AssertionError, ArithmeticError,
    InternalError, InvalidAccessError, InvalidStateError, OperationError,
)  # fmt: skip


class Peer:
    """One connection. `run` lasts as long as it does."""

    def __init__(self, feed: Feed, servers: list[dict[str, str]]) -> None:
        ice = [RTCIceServer(**server) for server in servers]
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=ice, bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self._profile = feed.profile
        transceiver = self._pc.addTransceiver("video", direction="sendonly")
        transceiver.setCodecPreferences(profiles.preferred(self._profile))
        self.video = Passthrough(feed, transceiver, self._announce)
        self._channel: RTCDataChannel | None = None
        self._said: list[str] = []
        self._changed = asyncio.Event()
        self._followers: set[Callable[[], None]] = set()
        self._pc.on("connectionstatechange", self._moved)
        self._pc.on("datachannel", self._use)

    @property
    def state(self) -> str:
        """As the W3C names it: new, connecting, connected, failed, closed."""
        return str(self._pc.connectionState)

    async def run(self) -> None:
        """Until the peer leaves, is lost (RFC 7675), or does not come within 15 seconds."""
        try:
            async with asyncio.timeout(_CONNECTING):
                await self._until("connected")
            await self._until()
        except TimeoutError:
            pass
        finally:
            await self._pc.close()

    async def _until(self, *states: str) -> None:
        while self.state not in (*states, "failed", "closed"):
            self._changed.clear()
            await self._changed.wait()

    def _moved(self) -> None:
        self._changed.set()
        for follower in tuple(self._followers):
            follower()

    @contextmanager
    def followed(self, follower: Callable[[], None]) -> Iterator[None]:
        """While the block lasts `follower` is called whenever the state changed."""
        self._followers.add(follower)
        try:
            yield
        finally:
            self._followers.discard(follower)

    async def offer(self) -> str:
        """What to tell the other side; it holds all candidates."""
        self._use(self._pc.createDataChannel(CHANNEL))
        await self._pc.setLocalDescription(await self._pc.createOffer())
        return self._local()

    async def accept(self, sdp: str) -> None:
        """The other side's answer. Raises Unusable."""
        await self._hear(sdp, "answer")

    async def answer(self, sdp: str) -> str:
        """To the other side's offer. Raises Unusable."""
        await self._hear(sdp, "offer")
        try:
            await self._pc.setLocalDescription(await self._pc.createAnswer())
        except _UNREADABLE as error:
            raise Unusable(f"this offer cannot be answered: {error or type(error).__name__}") from None
        return self._local()

    async def candidate(self, line: str, mid: str | None, index: int | None) -> None:
        """One more way to reach the other side; an empty line says there are no more. Raises Unusable."""
        if not line or _is_hidden(line):
            return
        try:
            candidate = candidate_from_sdp(line.removeprefix("a=").removeprefix("candidate:"))
            candidate.sdpMid, candidate.sdpMLineIndex = mid, index if mid is None else None
            if mid is None and index is None:
                candidate.sdpMLineIndex = 0
            await self._pc.addIceCandidate(candidate)
        except _UNREADABLE as error:
            raise Unusable(f"{line[:120]!r} is no candidate: {error or type(error).__name__}") from None

    async def _hear(self, sdp: str, kind: str) -> None:
        lines = [line for line in sdp.splitlines() if not _is_hidden(line)]
        if not any(line.startswith("m=video") for line in lines):
            raise Unusable(f"this {kind} has no video in it")
        try:
            description = RTCSessionDescription("\r\n".join(lines) + "\r\n", kind)
            await self._pc.setRemoteDescription(description)
        except OperationError:
            raise Unusable(f"this {kind} has no H.264 with packetization-mode 1 in it") from None
        except _UNREADABLE as error:
            raise Unusable(f"this {kind} cannot be read: {error or type(error).__name__}") from None

    def _local(self) -> str:
        return profiles.with_level(self._pc.localDescription.sdp, self._profile)

    def _use(self, channel: RTCDataChannel) -> None:
        if channel.label != CHANNEL:
            return
        self._channel = channel
        channel.on("open", self._tell)
        self._tell()

    def _announce(self, meta: VideoMeta | None, time: int) -> None:
        word: dict[str, Any] = {"rtp": time}
        if meta is not None:
            word |= {"session": meta.session, "pts": meta.pts}
        self._said = [*self._said[-7:], json.dumps(word)]
        self._tell()

    def _tell(self) -> None:
        if self._channel is None or self._channel.readyState != "open":
            return
        for word in self._said:
            self._channel.send(word)
        self._said = []


def _is_hidden(line: str) -> bool:
    """Browsers hide their address behind a name that only multicast DNS resolves, which can take seconds. They reach us, and so we learn it.

    For the same reason no end of candidates is passed on: without any, aioice would give up before they do.
    """
    return line.startswith("a=end-of-candidates") or ("candidate:" in line and ".local " in line)
