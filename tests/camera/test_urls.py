import pytest

from edged.camera import urls


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("rtsp://host/live", "rtsp"),
        ("RTSPS://host/live", "rtsp"),
        ("http://host/video.mjpg", "http"),
        ("https://host/live.m3u8", "http"),
        ("clips/a.mp4", "file"),
        ("file:///clips/a.mp4", "file"),
        ("/dev/video0", "device"),
        ("v4l2:///dev/video0", "device"),
    ],
)
def test_the_kind_follows_from_the_url(url, kind):
    assert urls.kind(url) == kind


def test_an_unknown_scheme_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="rtsp://") as refused:
        urls.kind("ftp://bob:hush@host/")
    assert "hush" not in str(refused.value)


def test_files_and_devices_become_paths():
    assert urls.location("file:///clips/a%20b.mp4") == "/clips/a b.mp4"
    assert urls.location("v4l2:///dev/video2") == "/dev/video2"
    assert urls.location("a.mp4") == "a.mp4"


def test_a_place_is_host_and_port():
    assert urls.place("rtsp://bob:hush@cam.local/live") == "cam.local:554"
    assert urls.place("http://[::1]:8080/x") == "[::1]:8080"


@pytest.mark.parametrize(
    "text",
    [
        "rtsp://bob:hush@host/live",
        "rtsp://bob:hu@hush@host/live",
        "rtsp://bob:pa/hush@host/live",
        "cannot open 'rtsp://bob:hush@host/live': refused",
        "http://host/video?user=bob&password=hush",
        "http://host/video?PWD=hush&channel=1",
        "http://host/v?access_token=hush#t",
        "two: http://a:hush@b/ and http://c?api_key=hush",
        "https://bob:hush@[::1]:80/?sig=hush",
    ],
)
def test_secrets_are_hidden_in_any_text(text):
    shown = urls.redact(text)
    assert "hush" not in shown
    assert urls.HIDDEN in shown
    assert urls.redact(shown) == shown


@pytest.mark.parametrize("text", ["rtsp://host:554/a@2x", "mail bob@host", "http://[::1]:80/a@b", "x?channel=1&sub=2"])
def test_what_is_no_secret_stays(text):
    assert urls.redact(text) == text


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("rtsp://bob:hu%40sh@host:554/live?a=1", "rtsp://bob@host:554/live?a=1"),
        ("rtsp://bob:hu@sh@host/live", "rtsp://bob@host/live"),
        ("http://host/v?user=bob&password=hush&ch=1", "http://host/v?user=bob&password=***&ch=1"),
        ("http://bob:one@host/v?token=a%26b&key=c", "http://bob@host/v?token=***&key=***"),
        ("rtsp://:hush@host/", "rtsp://@host/"),
    ],
)
def test_a_url_is_split_from_its_secret_and_joined_again(url, public):
    shown, secret = urls.split_secret(url)
    assert shown == public
    assert secret
    assert urls.join_secret(shown, secret) == url


@pytest.mark.parametrize("url", ["rtsp://host/live", "rtsp://bob@host/live", "/clips/a.mp4", "/dev/video0"])
def test_without_a_secret_nothing_is_split(url):
    assert urls.split_secret(url) == (url, None)
    assert urls.join_secret(url, None) == url


def test_a_new_password_goes_before_the_old_secret():
    _, secret = urls.split_secret("rtsp://bob:old@host/live")
    assert urls.join_secret("rtsp://bob:new@host/live", secret) == "rtsp://bob:new@host/live"
    assert urls.join_secret("rtsp://host/live", secret) == "rtsp://host/live"
