import pytest

from edged.gateway.redaction import redacted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://admin:hunter2@cam/1", "rtsp://admin@cam/1"),
        ("rtsp://admin:hun/te@r2@cam/1", "rtsp://admin@cam/1"),
        ("rtsp://:hunter2@cam/1", "rtsp://@cam/1"),
        ("could not open 'http://a:b@c:80/x' or http://d:e@f", "could not open 'http://a@c:80/x' or http://d@f"),
        ("http://cam/x?user=a&password=b&channel=1", "http://cam/x?user=a&password=***&channel=1"),
        ("http://cam/x?Token=abc#here", "http://cam/x?Token=***#here"),
        ("rtsp://cam:554/user@1", "rtsp://cam:554/user@1"),
        ("rtsp://admin@cam:554/1", "rtsp://admin@cam:554/1"),
        ("rtsp://admin@cam/1?token=***", "rtsp://admin@cam/1?token=***"),
        ("/dev/video0", "/dev/video0"),
        ("no url: just a: colon @ home", "no url: just a: colon @ home"),
    ],
)
def test_passwords_go_and_the_rest_stays(text: str, shown: str) -> None:
    assert redacted(text) == shown
