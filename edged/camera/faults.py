"""Why a camera does not run: one cause and one sentence, made from whatever libav or the system said."""

import errno
import socket

import av.error

from edged.camera import urls
from edged.messages import Cause

_BUSY = (errno.EBUSY, errno.EAGAIN)
_UNREACHABLE = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN)


class CameraFault(Exception):
    """`detail` says what is wrong, where, and what to do next; it never holds a password."""

    def __init__(self, cause: Cause, detail: str) -> None:
        self.cause: Cause = cause
        self.detail = urls.redact(detail)
        super().__init__(self.detail)


def of(error: Exception, url: str, *, opening: bool) -> CameraFault:
    """The fault behind an error of libav, of the system, or of ours; `opening` until the first packet."""
    if isinstance(error, CameraFault):
        return error
    kind, place = urls.kind(url), urls.place(url)
    if kind == "device" and isinstance(error, OSError):
        return _of_device(error, place)
    if kind == "file" and isinstance(error, OSError) and not isinstance(error, av.error.EOFError):
        return _of_file(error, place)
    match error:
        case av.error.HTTPUnauthorizedError() | av.error.HTTPForbiddenError():
            return unauthorized(url)
        case av.error.HTTPNotFoundError():
            return CameraFault(
                "not_found", f"{place} has no stream at this path; look the path up in the camera's manual"
            )
        case av.error.HTTPError() | av.error.HTTPClientError():
            return CameraFault(
                "unreachable", f"{place} answers with an error ({error.strerror}); see the camera's own page"
            )
        case socket.gaierror():
            return unknown_host(url)
        case av.error.ExitError() | TimeoutError():
            return silent(url) if opening else stalled(url)
        case ConnectionRefusedError():
            return CameraFault(
                "refused", f"{place} refuses connections; check the port, and that the camera's stream is switched on"
            )
        case av.error.EOFError() | ConnectionError() | BrokenPipeError():
            return ended(url, finite=False)
        case av.error.InvalidDataError() if kind == "rtsp":
            return ended(url, finite=False)  # what libav calls a reply cut short
        case av.error.InvalidDataError():
            return _not_a_video(place)
        case av.error.DecoderNotFoundError() | av.error.DemuxerNotFoundError() | av.error.ProtocolNotFoundError():
            return CameraFault(
                "codec", f"{place} sends what this build of FFmpeg cannot read ({error.strerror}); use H.264"
            )
        case OSError(errno=number) if number in _UNREACHABLE:
            return CameraFault("unreachable", f"there is no route to {place}; check the network and the address")
        case OSError() | av.error.FFmpegError():
            return CameraFault("unreachable", f"the connection to {place} failed ({error.strerror}); it is tried again")
        case ValueError():
            return CameraFault("format", str(error))
    return CameraFault("internal", f"{type(error).__name__} while reading {place}: {error}; please report this")


def unauthorized(url: str) -> CameraFault:
    if urls.has_login(url):
        return CameraFault("auth", f"{urls.place(url)} does not accept this user and password; check both")
    return CameraFault(
        "auth", f"{urls.place(url)} wants a user and password; write user:password@ before the host in the URL"
    )


def unknown_host(url: str) -> CameraFault:
    host, _ = urls.endpoint(url)
    return CameraFault("dns", f"no address is known for {host!r}; check the spelling, or use the camera's IP address")


def silent(url: str) -> CameraFault:
    return CameraFault(
        "timeout", f"{urls.place(url)} does not answer; check that the camera is on and the address right"
    )


def stalled(url: str) -> CameraFault:
    return CameraFault("stalled", f"{urls.place(url)} sends nothing any more; it is opened again")


def garbled(url: str, codec: str) -> CameraFault:
    return CameraFault("codec", f"{urls.place(url)} sends what is no {codec} any more; it is opened again")


def ended(url: str, *, finite: bool) -> CameraFault:
    if finite:
        return CameraFault("ended", f"{urls.place(url)} is at its end; set the camera's `loop` to play it again")
    return CameraFault("ended", f"{urls.place(url)} ended the stream; it is opened again")


def stuck(url: str) -> CameraFault:
    cause: Cause = "device" if urls.kind(url) == "device" else "timeout"
    return CameraFault(cause, f"{urls.place(url)} hangs in the system; plug it in again, or restart edged")


def undecodable(url: str, codec: str) -> CameraFault:
    return CameraFault(
        "codec", f"{urls.place(url)} sends {codec}, but no picture can be decoded from it; set the camera to H.264"
    )


def no_video(url: str) -> CameraFault:
    return CameraFault("format", f"{urls.place(url)} has no video in it; check the path")


def _not_a_video(place: str) -> CameraFault:
    return CameraFault("format", f"{place} is not video that can be read; check the path, or whether it is damaged")


def _of_device(error: OSError, place: str) -> CameraFault:
    match error:
        case FileNotFoundError():
            return CameraFault("device", f"{place} is not there; check the plug, and `ls /dev/video*`")
        case PermissionError():
            return CameraFault("device", f"{place} may not be opened; add the user to the group `video`")
        case OSError(errno=number) if number in _BUSY:
            return CameraFault("device", f"{place} is in use by another program; end that program")
    return CameraFault("device", f"{place} does not work as a camera ({error.strerror}); try another /dev/videoN")


def _of_file(error: OSError, place: str) -> CameraFault:
    match error:
        case FileNotFoundError():
            return CameraFault("not_found", f"there is no file {place}; check the path")
        case PermissionError():
            return CameraFault("forbidden", f"{place} may not be read by this user; change its permissions")
        case IsADirectoryError():
            return CameraFault("format", f"{place} is a folder; name a file in it")
    return CameraFault("unreachable", f"{place} cannot be read ({error.strerror}); check the disk")
