"""What aiortc's sender keeps to itself and we must know."""

from aiortc import RTCRtpSender


def last_timestamp(sender: RTCRtpSender) -> int | None:
    """RTP time of the last packet sent, None before the first; aiortc adds a random origin to ours, and tells nobody."""
    private = vars(sender)
    return int(private["_RTCRtpSender__rtp_timestamp"]) if private["_RTCRtpSender__packet_count"] else None


def takes_key_request(sender: RTCRtpSender) -> bool:
    """Whether the peer asked for a key frame (RFC 4585, PLI) since the last call. aiortc passes that on to encoders only."""
    asked = bool(vars(sender)["_RTCRtpSender__force_keyframe"])
    if asked:
        vars(sender)["_RTCRtpSender__force_keyframe"] = False
    return asked
