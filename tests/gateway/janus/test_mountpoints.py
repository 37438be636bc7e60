import pytest

from edged import config
from edged.gateway.janus.mountpoints import Medium, Mountpoint, missing, of, rtp_port
from edged.subjects import Address

FRONT = Address("home", "edge", "front")
SENT = config.Publish(camera="front", url="rtp://127.0.0.1:5004")


def test_a_mountpoint_is_found_by_key_before_id() -> None:
    by_id, by_key = Mountpoint(1, description="front"), Mountpoint(2, metadata="home.edge.front")
    assert of(FRONT, [by_id, by_key]) is by_key
    assert of(FRONT, [by_id]) is by_id
    assert of(FRONT, [Mountpoint("front")]) == Mountpoint("front")
    assert of(FRONT, [Mountpoint(3, description="back")]) is None


@pytest.mark.parametrize(
    ("mountpoint", "published", "word"),
    [
        (None, SENT, "--create"),
        (Mountpoint(1, enabled=False), SENT, "disabled"),
        (Mountpoint(1, media=(Medium("audio"),)), SENT, "no video"),
        (Mountpoint(1, media=(Medium("video", 60_000),)), SENT, "is edged running"),
        (Mountpoint(1, media=(Medium("video", 60_000),)), None, "[[publish]]"),
    ],
)
def test_what_is_missing_is_said_with_what_to_do(
    mountpoint: Mountpoint | None, published: config.Publish | None, word: str
) -> None:
    assert word in missing(mountpoint, published)


def test_nothing_is_missing_while_packets_come() -> None:
    assert missing(Mountpoint(1, media=(Medium("video", 40),)), SENT) == ""


def test_the_port_is_that_of_the_url() -> None:
    assert (rtp_port(SENT), rtp_port(None)) == (5004, 0)
