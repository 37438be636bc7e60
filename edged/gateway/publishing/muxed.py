"""H.264 as it is to an RTP receiver (RFC 6184) or an RTSP server that records (RFC 2326), packed by libavformat."""

import io
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import av

from edged.gateway.publishing.faults import PublishFault
from edged.gateway.publishing.outgoing import Outgoing
from edged.gateway.webrtc.units import RATE, Unit
from edged.messages import Cause

_TIME_BASE = Fraction(1, RATE)
_PACKET = 1200  # bytes; fits a WebRTC receiver's packets, to which Janus passes ours on, on every line
_SILENT = 5_000_000  # µs a server may take to answer
_FORMATS = {"rtp": "rtp", "rtsp": "rtsp", "rtsps": "rtsp"}


def send(url: str, outgoing: Outgoing, sending: Callable[[], None]) -> None:
    """Sends until `outgoing` is closed; blocks, so it is for a thread. `sending()` is called when the receiver took the first unit.

    Raises PublishFault.
    """
    first = outgoing.take()
    if first is None:
        return
    try:
        _send(url, first, outgoing, sending)
    except (OSError, av.error.FFmpegError) as error:
        raise _fault(error) from None


def _send(url: str, first: Unit, outgoing: Outgoing, sending: Callable[[], None]) -> None:
    scheme = url.partition("://")[0]
    options = {"rtsp_transport": "tcp", "timeout": str(_SILENT)} if scheme != "rtp" else {"pkt_size": str(_PACKET)}
    with (
        av.open(io.BytesIO(first.data), format="h264") as look,
        av.open(url, "w", format=_FORMATS[scheme], options=options) as container,
    ):
        stream = container.add_stream_from_template(look.streams.video[0])
        time = first.rtp
        container.mux(_packet(first, stream, time))
        sending()
        while (unit := outgoing.take()) is not None:
            time = max(time + 1, unit.rtp)  # libavformat ends at a time that goes back
            container.mux(_packet(unit, stream, time))


def _packet(unit: Unit, stream: Any, time: int) -> Any:
    packet: av.Packet[Any] = av.Packet(unit.data)
    packet.stream = stream
    packet.pts = packet.dts = time
    packet.time_base = _TIME_BASE
    packet.is_keyframe = unit.meta.key
    return packet


def _fault(error: OSError | av.error.FFmpegError) -> PublishFault:
    cause: Cause
    match error:
        case av.error.HTTPUnauthorizedError() | av.error.HTTPForbiddenError():
            cause, hint = "auth", "it wants another login: correct the name and password in publish.url"
        case av.error.HTTPNotFoundError():
            cause, hint = "not_found", "it has no such path: correct publish.url"
        case ConnectionRefusedError():
            cause, hint = "refused", "nothing listens there: is the server running?"
        case TimeoutError():
            cause, hint = "timeout", "it does not answer: is the address right?"
        case _:
            cause, hint = (
                "unreachable",
                f"{error.strerror or error}: is the server running, and may others publish to it?",
            )
    return PublishFault(cause, hint)
