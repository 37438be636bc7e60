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

from aiortc import RTCRtpCodecParameters, RTCRtpTransceiver

from edged.gateway.webrtc.datagrams import Datagrams
from edged.gateway.webrtc.extensions import Extensions

_HISTORY = 1024  # packets kept to be sent again
_TAIL = struct.Struct("!LLHH")
_VERSION_2_EXTENDED = 0x90
_MARKER = 0x80
_ONE_BYTE = 0xBEDE  # RFC 8285 4.2
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

    def __init__(
        self, transceiver: RTCRtpTransceiver, run: Callable[[], Awaitable[None]], wish: Callable[[], None]
    ) -> None:
        self.origin = random.getrandbits(32)
        self._transceiver = transceiver
        self._sender = transceiver.sender
        self._private = vars(transceiver.sender)
        self._extensions = Extensions({}, "")
        self._work = run
        self._payload_type = 0
        self._number = random.getrandbits(15)  # in the lower half, where SRTP's first wrap is far
        self._resent = random.getrandbits(15)
        self._history: deque[_Sent] = deque()
        self._kept = 0
        self._protocol: Any = None
        self._datagrams: Datagrams | None = None
        self._private["_run_rtp"] = self._run
        self._private["_retransmit"] = self._resend
        self._private["_send_keyframe"] = wish

    def send(self, payloads: Sequence[bytes], rtp: int) -> None:
        """One access unit, at once. Raises ConnectionError."""
        time_sent = _ntp()
        rtp = (rtp + self.origin) & 0xFFFFFFFF
        head, tail = self._frame(self._payload_type, rtp, self._sender._ssrc, time_sent)
        first, last = self._number, len(payloads) - 1
        packets = []
        for at, payload in enumerate(payloads):
            number = ((first + at) & 0xFFFF).to_bytes(2, "big")
            packets.append(b"".join((head if at < last else _marked(head), number, tail, payload)))
        self._number = (first + len(payloads)) & 0xFFFF
        self._put(packets)
        self._keep(_Sent(first, rtp, payloads))
        self._account(time_sent, rtp, payloads)

    def _frame(self, kind: int, rtp: int, ssrc: int, time_sent: int) -> tuple[bytes, bytes]:
        """What stands before a packet's number, and after it before the payload."""
        extension = self._extensions.at(time_sent)
        tail = _TAIL.pack(rtp, ssrc, _ONE_BYTE, len(extension) // 4)
        return bytes((_VERSION_2_EXTENDED, kind)), tail + extension

    def _put(self, packets: Sequence[bytes]) -> None:
        dtls = self._sender.transport
        pair = dtls.transport._connection._nominated.get(1)
        if pair is None:
            raise ConnectionError("no way to the peer")
        protect = dtls._tx_srtp.protect
        left: Sequence[bytes] = [protect(packet) for packet in packets]
        if pair.protocol is not self._protocol:
            self._use(pair.protocol)
        if self._datagrams is not None:
            left = self._datagrams.send(left, pair.remote_addr)
        for packet in left:
            pair.protocol.transport.sendto(packet, pair.remote_addr)

    def _use(self, protocol: Any) -> None:
        self._close()
        self._protocol = protocol
        if (plain := protocol.transport.get_extra_info("socket")) is not None:  # none on the way through TURN
            self._datagrams = Datagrams(plain.fileno())

    def _close(self) -> None:
        self._protocol = None
        if self._datagrams is not None:
            self._datagrams.close()
        self._datagrams = None

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
        agreed = {one.uri: one.id for one in self._transceiver._headerExtensions}
        self._extensions = Extensions(agreed, self._transceiver.mid or "")
        self._private["_RTCRtpSender__rtp_started"].set()
        try:
            await self._work()
        except (asyncio.CancelledError, ConnectionError):
            pass
        finally:
            self._close()
            self._private["_RTCRtpSender__rtp_exited"].set()

    async def _resend(self, number: int) -> None:
        """A packet the peer lost, RFC 4588 where the peer knows that."""
        for sent in reversed(self._history):
            at = (number - sent.first) & 0xFFFF
            if at < len(sent.payloads):
                self._send_again(sent, at)
                return

    def _send_again(self, sent: _Sent, at: int) -> None:
        number, ssrc, payload = (sent.first + at) & 0xFFFF, self._sender._ssrc, sent.payloads[at]
        kind = self._payload_type
        if (repair := self._private["_RTCRtpSender__rtx_payload_type"]) is not None:
            payload = number.to_bytes(2, "big") + payload
            kind, number, ssrc = repair, self._resent, self._sender._rtx_ssrc
            self._resent = (self._resent + 1) & 0xFFFF
        head, tail = self._frame(kind, sent.rtp, ssrc, _ntp())
        if at == len(sent.payloads) - 1:
            head = _marked(head)
        self._put([head + number.to_bytes(2, "big") + tail + payload])


def _marked(head: bytes) -> bytes:
    """As the last packet of an access unit has it."""
    return bytes((head[0], head[1] | _MARKER))


def _ntp() -> int:
    return int((time.time() + _UNIX_IN_NTP) * 2**32)
