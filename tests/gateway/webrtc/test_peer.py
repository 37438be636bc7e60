"""The gateway's WebRTC, met by a peer that is not a browser: what it sends, and that these are the camera's own bytes."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.codecs import h264
from aiortc.rtp import RtpPacket

from tests.gateway.conftest import World
from tests.rigs.broadcast import Broadcast


def nals(data: bytes) -> list[str]:
    return [hashlib.sha256(nal).hexdigest() for nal in h264.H264Encoder._split_bitstream(data)]


@dataclass
class Player:
    """An aiortc peer that keeps the access units it is sent, by RTP time, and what it is told on the data channel."""

    pc: RTCPeerConnection
    units: dict[int, bytes] = field(default_factory=dict)
    whole: list[int] = field(default_factory=list)
    words: list[dict[str, Any]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, count: int) -> None:
        """`count` whole access units."""
        async with asyncio.timeout(20):
            while len(self.whole) < count:
                self.changed.clear()
                await self.changed.wait()

    def take(self, packet: RtpPacket) -> None:
        _, data = h264.H264PayloadDescriptor.parse(packet.payload)
        self.units[packet.timestamp] = self.units.get(packet.timestamp, b"") + data
        if packet.marker:
            self.whole.append(packet.timestamp)
            self.changed.set()

    def hear(self, text: str) -> None:
        self.words.append(json.loads(text))
        self.changed.set()

    def pts(self, timestamp: int) -> int | None:
        for word in reversed(self.words):
            if "pts" in word and (ahead := (timestamp - word["rtp"]) & 0xFFFFFFFF) < 2**31:
                return int(word["pts"]) + ahead
        return None


@asynccontextmanager
async def player(loses: Callable[[RtpPacket], bool] = lambda packet: False) -> AsyncIterator[Player]:
    """`loses` says which packets the network loses."""
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    player = Player(pc)
    transceiver = pc.addTransceiver("video", direction="recvonly")
    receiver = transceiver.receiver
    handle = receiver._handle_rtp_packet

    async def tapped(packet: RtpPacket, arrival_time_ms: int) -> None:
        if loses(packet):
            return
        if packet.payload and packet.ssrc:
            player.take(packet)
        await handle(packet, arrival_time_ms)

    receiver._handle_rtp_packet = tapped
    channel = pc.createDataChannel("edged")
    channel.on("message", player.hear)
    try:
        yield player
    finally:
        await pc.close()


async def offered(player: Player) -> str:
    await player.pc.setLocalDescription(await player.pc.createOffer())
    return player.pc.localDescription.sdp


async def play(world: World, player: Player) -> str:
    """Begins a session; its id."""
    said = {"camera": "front", "type": "offer", "sdp": await offered(player)}
    answer = await world.ask("POST", "/webrtc/offer", json=said)
    await player.pc.setRemoteDescription(RTCSessionDescription(answer["sdp"], answer["type"]))
    return str(answer["session"])


async def test_the_bytes_a_viewer_gets_are_the_cameras(world: World, broadcast: Broadcast) -> None:
    async with player() as viewer:
        assert await play(world, viewer) == "front_1"
        await viewer.until(100)
        sent = [nals(unit) for unit in broadcast.sent]
        got = [nals(viewer.units[timestamp]) for timestamp in viewer.whole]
        first = sent.index(got[0])
        assert got == sent[first : first + len(got)]


async def test_a_viewer_is_told_which_frame_is_which(world: World, broadcast: Broadcast) -> None:
    async with player() as viewer:
        await play(world, viewer)
        await viewer.until(100)
        sent = {unit: number for number, unit in enumerate(map(str, map(nals, broadcast.sent)))}
        for timestamp in viewer.whole[-20:]:
            number = sent[str(nals(viewer.units[timestamp]))]
            assert viewer.pts(timestamp) == number * 6000


async def test_a_packet_that_was_lost_is_sent_again(world: World, broadcast: Broadcast) -> None:
    lost: dict[int, bytes] = {}
    again: dict[int, bytes] = {}
    arrived = asyncio.Event()
    video: set[int] = set()

    def loses(packet: RtpPacket) -> bool:
        if not video:  # nobody misses what comes before the first
            video.add(packet.ssrc)
            return False
        if packet.ssrc not in video:  # RFC 4588: the number it had, then what was in it
            again[int.from_bytes(packet.payload[:2], "big")] = packet.payload[2:]
            arrived.set()
            return True
        if packet.sequence_number % 5 or len(lost) >= 5:
            return False
        lost[packet.sequence_number] = packet.payload
        return True

    async with player(loses) as viewer:
        await play(world, viewer)
        async with asyncio.timeout(20):
            while len(again) < 5:
                arrived.clear()
                await arrived.wait()
    assert again == lost


async def test_who_asks_for_a_key_frame_gets_the_last_one_again(world: World, broadcast: Broadcast) -> None:
    async with player() as viewer:
        await play(world, viewer)
        await viewer.until(30)
        status = await world.get("/api/streams/status")
        assert status["sessions"][0]["bursts"] == 1
        receiver = viewer.pc.getReceivers()[0]
        await receiver._send_rtcp_pli(next(iter(receiver._RTCRtpReceiver__active_ssrc)))
        await world.until("/api/streams/status", lambda found: found["sessions"][0]["bursts"] == 2)
