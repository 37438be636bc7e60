"""What each of our RTP packets says beside its payload, RFC 8285."""

from collections.abc import Mapping

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
PLAYOUT = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
_SOON = bytes(
    (0, 0, 50)
)  # no less than 0 and no more than 500 ms: Chromium then shows a frame as soon as it can, unless its page asks for more


class Extensions:
    """`agreed` are the numbers of those that the peer understands, by URI; `mid` names the stream."""

    def __init__(self, agreed: Mapping[str, int], mid: str) -> None:
        known = {uri: number for uri, number in agreed.items() if 0 < number < 15}
        same = b""
        if MID in known and 0 < len(mid) <= 16:
            same += bytes((known[MID] << 4 | len(mid) - 1,)) + mid.encode()
        if PLAYOUT in known:
            same += bytes((known[PLAYOUT] << 4 | 2,)) + _SOON
        self._same = same + bytes(-len(same) % 4)
        self._timed = bytes((known[SEND_TIME] << 4 | 2,)) if SEND_TIME in known else b""

    def at(self, ntp: int) -> bytes:
        """Of a packet sent at this time, 32.32 bits."""
        return self._timed + (ntp >> 14 & 0xFFFFFF).to_bytes(3, "big") + self._same if self._timed else self._same
