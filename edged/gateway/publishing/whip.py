"""A camera to a WHIP server, RFC 9725: WebRTC that is offered by one HTTP request. Imported when the first is to be sent."""

import asyncio
from collections.abc import Callable
from urllib.parse import urljoin

from aiohttp import ClientError, ClientSession, ClientTimeout
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription

from edged.gateway.publishing.faults import PublishFault
from edged.gateway.webrtc import profiles
from edged.gateway.webrtc.feed import Feed
from edged.gateway.webrtc.passthrough import Passthrough
from edged.gateway.webrtc.units import Unit, profile_level_id
from edged.messages import Cause

profiles.learn()

_ANSWER = ClientTimeout(10)
_CONNECTING = 15.0
_MAX_SDP = 65_536
_CAUSES: dict[int, Cause] = {401: "auth", 403: "auth", 404: "not_found"}


class _FirstKey:
    """The access unit that says which profile to offer."""

    def __init__(self) -> None:
        self.unit: asyncio.Future[Unit] = asyncio.get_running_loop().create_future()

    def push(self, unit: Unit) -> None:
        if unit.meta.key and not self.unit.done():
            self.unit.set_result(unit)


async def send(url: str, token: str, feed: Feed, servers: list[dict[str, str]], sending: Callable[[], None]) -> None:
    """Sends until cancelled. `url` is http(s). Raises PublishFault when it cannot be begun, and when the server leaves."""
    profile = profile_level_id((await _first(feed)).data)
    ice = [RTCIceServer(**server) for server in servers]
    pc = RTCPeerConnection(RTCConfiguration(iceServers=ice, bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
    transceiver = pc.addTransceiver("video", direction="sendonly")
    transceiver.setCodecPreferences(profiles.preferred(profile))
    Passthrough(feed, transceiver, lambda meta, time: None)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        async with ClientSession(timeout=_ANSWER, headers=headers) as http:
            await pc.setLocalDescription(await pc.createOffer())
            place = await _offer(http, url, pc, profiles.with_level(pc.localDescription.sdp, profile))
            try:
                await _until_gone(pc, sending)
            finally:
                await _leave(http, place)
    except (ClientError, TimeoutError) as error:
        raise PublishFault("unreachable", f"{error or 'it does not answer'}: is the WHIP server running?") from None
    finally:
        await pc.close()


async def _first(feed: Feed) -> Unit:
    if feed.gop:
        return feed.gop[0]
    first = _FirstKey()
    feed.join(first)
    try:
        return await first.unit
    finally:
        feed.leave(first)


async def _offer(http: ClientSession, url: str, pc: RTCPeerConnection, sdp: str) -> str:
    """Where the session is, to end it."""
    async with http.post(url, data=sdp, headers={"Content-Type": "application/sdp"}) as response:
        answer = (await response.content.read(_MAX_SDP)).decode(errors="replace")
        if response.status != 201:
            sentence = f"it answered {response.status} {response.reason}: correct publish.url or publish.token"
            raise PublishFault(_CAUSES.get(response.status, "unreachable"), sentence)
        place = urljoin(str(response.url), response.headers.get("Location", ""))
    try:
        await pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    except Exception as error:  # aiortc raises whatever its parser trips over
        raise PublishFault(
            "format", f"its answer cannot be used ({error or type(error).__name__}): does it take H.264?"
        ) from None
    return place


async def _until_gone(pc: RTCPeerConnection, sending: Callable[[], None]) -> None:
    changed = asyncio.Event()
    pc.on("connectionstatechange", changed.set)

    async def until(*states: str) -> None:
        while pc.connectionState not in (*states, "failed", "closed"):
            changed.clear()
            await changed.wait()

    async with asyncio.timeout(_CONNECTING):
        await until("connected")
    if pc.connectionState == "connected":
        sending()
        await until()
    raise PublishFault("ended", "the WebRTC connection broke: is the way to it open for UDP?")


async def _leave(http: ClientSession, place: str) -> None:
    """RFC 9725 asks for it; a server that is gone needs none."""
    try:
        async with asyncio.timeout(1), http.delete(place):
            pass
    except (ClientError, TimeoutError):
        pass
