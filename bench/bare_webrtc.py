"""`python -m bench.bare_webrtc CLIP FPS`: aiortc alone, which sends the clip's packets to whoever offers; nothing around it.

Offers come as lines on standard input and are answered as lines on standard output, each a JSON of `sdp` and `type`.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from fractions import Fraction
from pathlib import Path

import av
import uvloop
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription

from bench.ticks import ticks
from tests.rigs.broadcast import Coded, coded

_TIME_BASE = Fraction(1, 90_000)


class Clip(MediaStreamTrack):
    """The clip's access units at their own pace, over and over."""

    kind = "video"

    def __init__(self, units: list[Coded], fps: float) -> None:
        super().__init__()
        self._units = units
        self._fps = fps
        self._beats: AsyncIterator[int] = ticks(fps)

    async def recv(self) -> "av.Packet[object]":
        beat = await anext(self._beats)
        packet: av.Packet[object] = av.Packet(self._units[beat % len(self._units)].data)
        packet.pts, packet.time_base = round(beat * 90_000 / self._fps), _TIME_BASE
        return packet


async def lines() -> AsyncIterator[bytes]:
    reader = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield line


async def serve(clip: Path, fps: float) -> None:
    units = coded(clip)
    peers = []
    async for line in lines():
        pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        peers.append(pc)
        transceiver = pc.addTransceiver(Clip(units, fps), direction="sendonly")
        codecs = RTCRtpSender.getCapabilities("video").codecs
        transceiver.setCodecPreferences([codec for codec in codecs if codec.mimeType == "video/H264"])
        await pc.setRemoteDescription(RTCSessionDescription(**json.loads(line)))
        await pc.setLocalDescription(await pc.createAnswer())
        answer = {"sdp": pc.localDescription.sdp, "type": pc.localDescription.type}
        print(json.dumps(answer), flush=True)
    await asyncio.gather(*(pc.close() for pc in peers))


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1]), float(sys.argv[2])))
