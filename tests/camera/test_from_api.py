import pytest

from edged import config
from edged.camera.from_api import UrlRefused, check_from_api

DEFAULT = config.FromApi()


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://127.0.0.1/live",
        "rtsp://192.168.1.20:554/live",
        "http://10.0.0.7/video",
        "rtsp://[::1]/live",
        "rtsp://[fd00::7]/live",
        "rtsp://not-plugged-in-yet.invalid/live",
    ],
)
async def test_loopback_private_and_not_yet_known_hosts_may_be_cameras(url):
    await check_from_api(url, DEFAULT)


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "169.254.1.1",
        "2852039166",
        "0xa9fea9fe",
        "0xA9.0xFE.0xA9.0xFE",
        "0251.0376.0251.0376",
        "169.254.43518",
        "[fe80::1]",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[64:ff9b::169.254.169.254]",
        "[2002:a9fe:a9fe::]",
        "[fd00:ec2::254]",
        "100.100.100.200",
    ],
)
async def test_link_local_and_metadata_addresses_are_refused_however_they_are_written(host):
    with pytest.raises(UrlRefused, match="metadata"):
        await check_from_api(f"http://bob:hush@{host}/latest/meta-data", DEFAULT)


@pytest.mark.parametrize("url", ["ftp://host/x", "rtsp:///live", "rtsp://bob:hu/sh@host/", "v4l2:///dev/video0"])
async def test_other_schemes_and_broken_urls_are_refused_without_their_password(url):
    with pytest.raises(UrlRefused) as refused:
        await check_from_api(url, DEFAULT)
    assert "hu/sh" not in str(refused.value)


async def test_devices_may_be_allowed():
    await check_from_api("/dev/video0", config.FromApi(schemes=("v4l2",)))


async def test_files_only_from_allowed_folders(tmp_path):
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    (outside / "secret.mp4").touch()
    (inside / "link.mp4").symlink_to(outside / "secret.mp4")
    allowed = config.FromApi(file_dirs=(str(inside),))

    await check_from_api(str(inside / "a.mp4"), allowed)
    await check_from_api(f"file://{inside}/a.mp4", allowed)
    for url in ("/etc/passwd", f"{inside}/../out/secret.mp4", f"{inside}/link.mp4", f"file://{outside}/secret.mp4"):
        with pytest.raises(UrlRefused, match="file_dirs"):
            await check_from_api(url, allowed)
    with pytest.raises(UrlRefused):
        await check_from_api(str(inside / "a.mp4"), DEFAULT)
