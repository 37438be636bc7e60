import errno
import os

import av
import pytest

from edged.camera import faults

RTSP = "rtsp://bob:hush@192.168.1.9/live"


def system(number):
    return OSError(number, os.strerror(number))


@pytest.mark.parametrize(
    ("error", "url", "cause", "advice"),
    [
        (system(errno.EHOSTUNREACH), RTSP, "unreachable", "network"),
        (system(errno.ENETUNREACH), RTSP, "unreachable", "network"),
        (system(errno.ECONNREFUSED), RTSP, "refused", "port"),
        (system(errno.ECONNRESET), RTSP, "ended", "again"),
        (TimeoutError(), RTSP, "timeout", "is on"),
        (system(errno.EIO), RTSP, "unreachable", "again"),
        (system(errno.EBUSY), "/dev/video0", "device", "another program"),
        (system(errno.EACCES), "/dev/video0", "device", "group"),
        (system(errno.ENOTTY), "/dev/video0", "device", "another /dev/video"),
        (system(errno.EACCES), "/clips/a.mp4", "forbidden", "permissions"),
        (system(errno.EISDIR), "/clips", "format", "file in it"),
        (system(errno.EIO), "/clips/a.mp4", "unreachable", "disk"),
        (RuntimeError(f"surprise at {RTSP}"), RTSP, "internal", "report"),
    ],
)
def test_every_error_has_one_cause_and_an_advice_and_no_password(error, url, cause, advice):
    fault = faults.of(error, url, opening=True)
    assert fault.cause == cause
    assert advice in fault.detail
    assert "hush" not in fault.detail + str(fault)


def test_the_same_silence_is_a_timeout_before_and_a_stall_after_opening():
    assert faults.of(TimeoutError(), RTSP, opening=True).cause == "timeout"
    assert faults.of(TimeoutError(), RTSP, opening=False).cause == "stalled"


@pytest.mark.parametrize(("url", "cause"), [(RTSP, "ended"), ("http://192.168.1.9/page", "format")])
def test_a_reply_cut_short_is_not_taken_for_a_wrong_format_where_there_is_none(url, cause):
    error = av.error.InvalidDataError(1094995529, "Invalid data found when processing input")
    assert faults.of(error, url, opening=True).cause == cause


def test_libavs_own_errors_are_those_of_the_system_too():
    with pytest.raises(av.error.FFmpegError) as caught:
        av.open("/no/such/clip.mp4")
    assert faults.of(caught.value, "/no/such/clip.mp4", opening=True).cause == "not_found"
