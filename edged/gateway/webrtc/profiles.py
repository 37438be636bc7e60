"""H.264 as session descriptions name it, RFC 6184, and what else aiortc is to negotiate."""

from aiortc import RTCRtpCodecCapability, RTCRtpCodecParameters, RTCRtpSender
from aiortc.codecs import CODECS, HEADER_EXTENSIONS
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters
from aiortc.sdp import H264Profile, parse_h264_profile_level_id

from edged.gateway.webrtc.extensions import PLAYOUT

# aiortc knows the two baseline profiles, because it encodes those; we only pass on, so these too
_MORE = ("4d001f", "640c1f", "64001f")
_VIDEO = CODECS["video"]


def learn() -> None:
    """Makes aiortc negotiate Main and High, and how soon frames are to be shown. Once, before the first connection."""
    if _profile("64001f") in {_profile_of(codec.parameters) for codec in _VIDEO}:
        return
    taken = {extension.id for extension in HEADER_EXTENSIONS["video"]}
    HEADER_EXTENSIONS["video"].append(RTCRtpHeaderExtensionParameters(id=max(taken) + 1, uri=PLAYOUT))
    example, repair = (codec for codec in _VIDEO[-2:])
    free = max(codec.payloadType or 0 for codec in _VIDEO) + 1
    for number, profile in enumerate(_MORE):
        payload = free + 2 * number
        parameters = {**example.parameters, "profile-level-id": profile}
        _VIDEO.append(
            RTCRtpCodecParameters(
                mimeType=example.mimeType, clockRate=example.clockRate, payloadType=payload,
                rtcpFeedback=example.rtcpFeedback, parameters=parameters,
            )
        )  # fmt: skip
        _VIDEO.append(
            RTCRtpCodecParameters(
                mimeType=repair.mimeType, clockRate=repair.clockRate, payloadType=payload + 1, parameters={"apt": payload}
            )
        )  # fmt: skip


def preferred(camera: str | None) -> list[RTCRtpCodecCapability]:
    """H.264 alone, with retransmission; the profile of the camera first, then those that every browser has."""
    known = RTCRtpSender.getCapabilities("video").codecs
    wanted = _profile(camera)
    h264 = [codec for codec in known if codec.mimeType == "video/H264"]
    h264.sort(key=lambda codec: _profile_of(codec.parameters) is not wanted)
    return [*h264, *(codec for codec in known if codec.name == "rtx")]


def with_level(sdp: str, camera: str | None) -> str:
    """The description with the camera's own level where its profile is named."""
    if (wanted := _profile(camera)) is None:
        return sdp
    for codec in _VIDEO:
        if _profile_of(codec.parameters) is wanted:
            sdp = sdp.replace(f"profile-level-id={codec.parameters['profile-level-id']}", f"profile-level-id={camera}")
    return sdp


def _profile_of(parameters: dict[str, int | str | None]) -> H264Profile | None:
    named = parameters.get("profile-level-id")
    return _profile(named) if isinstance(named, str) else None


def _profile(profile_level_id: str | None) -> H264Profile | None:
    """None for none, and for one that browsers have no name for."""
    if profile_level_id is None:
        return None
    try:
        return parse_h264_profile_level_id(profile_level_id)[0]
    except ValueError:
        return None
