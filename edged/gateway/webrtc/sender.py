"""Sends in the place of aiortc's sender; the one place that knows what aiortc keeps to itself.

aiortc cuts each access unit anew for every viewer, makes an object of each packet, and keeps 128 of them to send again, less than many key frames
have. Here a packet is some bytes before a payload that all viewers share, and it goes out in the loop's turn in which it came.
"""

import asyncio
import random
import struct
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from aiortc import RTCRtpCodecParameters, RTCRtpSender
from aiortc.rtp import HeaderExtensions

_HISTORY = 1024  # packets kept to be sent again
_HEADER = struct.Struct("!BBHLLHH")
_VERSION_2_EXTENDED = 0x90
_MARKER = 0x80
_UNIX_IN_NTP = 2_208_988_800


class _Sent(NamedTuple):
    """An access unit; its packets are numbered from `first` on."""

    first: int
    rtp: int
    payloads: Sequence[bytes]


class Sender:
    """`run` is called when the connection stands, and cancelled with it; while it runs `send` may be called.

    `wish` is called when the peer asks for a key frame.
    `origin` is what RTP times begin with, RFC 3550 5.1: add it to the times given to `send` to have those on the wire.
    """

    def __init__(self, sender: RTCRtpSender, run: Callable[[], Awaitable[None]], wish: Callable[[], None]) -> None:
        self.origin = random.getrandbits(32)
        self._sender = sender
        self._private = vars(sender)
        self._work = run
        self._payload_type = 0
        self._number = random.getrandbits(15)  # in the lower half, where SRTP's first wrap is far
        self._resent = random.getrandbits(15)
        self._history: deque[_Sent] = deque()
        self._kept = 0
        self._private["_run_rtp"] = self._run
        self._private["_retransmit"] = self._resend
        self._private["_send_keyframe"] = wish

    def send(self, payloads: Sequence[bytes], rtp: int) -> None:
        """One access unit, at once. Raises ConnectionError."""
        time_sent = _ntp()
        rtp = (rtp + self.origin) & 0xFFFFFFFF
        profile, extension = self._extension(time_sent)
        first, words = self._number, len(extension) // 4
        ssrc, kind, last = self._sender._ssrc, self._payload_type, len(payloads) - 1
        for at, payload in enumerate(payloads):
            head = _HEADER.pack(
                _VERSION_2_EXTENDED, kind if at < last else kind | _MARKER, (first + at) & 0xFFFF, rtp, ssrc, profile, words
            )  # fmt: skip
            self._put(head + extension + payload)
        self._number = (first + len(payloads)) & 0xFFFF
        self._keep(_Sent(first, rtp, payloads))
        self._account(time_sent, rtp, payloads)

    def _put(self, packet: bytes) -> None:
        """aiortc's coroutine for this never waits: UDP takes a packet or loses it."""
        sending = self._sender.transport._send_rtp(packet)
        try:
            sending.send(None)
        except StopIteration:
            return
        sending.close()

    def _extension(self, time_sent: int) -> tuple[int, bytes]:
        values = HeaderExtensions(abs_send_time=time_sent >> 14 & 0xFFFFFF, mid=self._private["_RTCRtpSender__mid"])
        profile, extension = self._private["_RTCRtpSender__rtp_header_extensions_map"].set(values)
        return profile or 0xBEDE, extension

    def _keep(self, sent: _Sent) -> None:
        self._history.append(sent)
        self._kept += len(sent.payloads)
        while self._kept - len(self._history[0].payloads) >= _HISTORY:
            self._kept -= len(self._history.popleft().payloads)

    def _account(self, time_sent: int, rtp: int, payloads: Sequence[bytes]) -> None:
        """For aiortc's sender reports, RFC 3550 6.4.1."""
        private = self._private
        private["_RTCRtpSender__ntp_timestamp"] = time_sent
        private["_RTCRtpSender__rtp_timestamp"] = rtp
        private["_RTCRtpSender__packet_count"] += len(payloads)
        private["_RTCRtpSender__octet_count"] += sum(map(len, payloads))

    async def _run(self, codec: RTCRtpCodecParameters) -> None:
        """aiortc's sender waits for both events when it is stopped."""
        self._payload_type = codec.payloadType or 0
        self._private["_RTCRtpSender__rtp_started"].set()
        try:
            await self._work()
        except (asyncio.CancelledError, ConnectionError):
            pass
        finally:
            self._private["_RTCRtpSender__rtp_exited"].set()

    async def _resend(self, number: int) -> None:
        """A packet the peer lost, RFC 4588 where the peer knows that."""
        for sent in reversed(self._history):
            at = (number - sent.first) & 0xFFFF
            if at < len(sent.payloads):
                await self._send_again(sent, at)
                return

    async def _send_again(self, sent: _Sent, at: int) -> None:
        number, ssrc, payload = (sent.first + at) & 0xFFFF, self._sender._ssrc, sent.payloads[at]
        marker = _MARKER if at == len(sent.payloads) - 1 else 0
        kind: Any = self._payload_type
        if (repair := self._private["_RTCRtpSender__rtx_payload_type"]) is not None:
            payload = struct.pack("!H", number) + payload
            kind, number, ssrc = repair, self._resent, self._sender._rtx_ssrc
            self._resent = (self._resent + 1) & 0xFFFF
        profile, extension = self._extension(_ntp())
        head = _HEADER.pack(_VERSION_2_EXTENDED, kind | marker, number, sent.rtp, ssrc, profile, len(extension) // 4)
        await self._sender.transport._send_rtp(head + extension + payload)


def _ntp() -> int:
    return int((time.time() + _UNIX_IN_NTP) * 2**32)
