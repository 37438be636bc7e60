import pytest

from edged.camera.faults import CameraFault
from edged.camera.probe import probe


async def test_an_rtsp_stream_is_described(rtsp_server):
    server = rtsp_server(user="bob", password="hush")
    report = await probe(server.url.replace("//", "//bob:hush@"), seconds=2.5)
    assert "hush" not in report.url
    assert (report.codec, report.width, report.height) == ("h264", 320, 240)
    assert "Baseline" in report.profile
    assert report.fps == pytest.approx(10, abs=1)
    assert report.keyframe_interval == pytest.approx(1, abs=0.15)
    assert 0 < report.latency < 2.5
    assert report.bitrate > 1000
    assert report.audio == ""
    assert report.decoder


async def test_a_file_is_read_faster_than_it_plays(clips):
    report = await probe(str(clips.mp4), seconds=3)
    assert report.fps == 10
    assert report.keyframe_interval == pytest.approx(2, abs=0.01)
    assert report.latency < 2


async def test_a_wrong_password_is_a_fault(rtsp_server):
    server = rtsp_server(user="bob", password="right")
    with pytest.raises(CameraFault) as fault:
        await probe(server.url.replace("//", "//bob:hush@"))
    assert fault.value.cause == "auth"
    assert "hush" not in str(fault.value)


async def test_an_unknown_host_is_a_fault():
    with pytest.raises(CameraFault) as fault:
        await probe("rtsp://no-such-camera.invalid/")
    assert fault.value.cause == "dns"
