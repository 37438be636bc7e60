from datetime import UTC, datetime

from edged.asking import VideoMeta
from edged.gateway.webrtc.rates import Rates
from edged.gateway.webrtc.units import Clock, Unit, hurried, profile_level_id


def meta(pts: int, session: str = "s1", seq: int = 0, key: bool = False) -> VideoMeta:
    return VideoMeta(
        session=session, seq=seq, pts=pts, time=datetime.now(UTC), key=key, codec="h264", width=320, height=240
    )  # fmt: skip


def test_time_goes_on_when_a_new_session_starts_its_own_anew() -> None:
    clock = Clock()
    times = [clock.rtp(one) for one in (meta(90_000), meta(96_000), meta(0, "s2"), meta(6000, "s2"))]
    assert times == sorted(times)
    assert times[3] - times[2] == 6000
    assert times[1] - times[0] == 6000


def test_a_hurried_group_ends_at_its_own_time_and_never_goes_back() -> None:
    units = [Unit(meta(number * 6000), b"", number * 6000) for number in range(10)]
    times = hurried(units)
    assert times[-1] == 54_000
    assert times == sorted(times)
    assert times[-1] - times[0] < 1000
    assert min(hurried(units, after=53_900)) > 53_900


def test_the_profile_is_read_from_the_stream_itself() -> None:
    assert profile_level_id(b"\0\0\0\1\x09\x10\0\0\0\1\x67\x64\x00\x28\xac\0\0\1\x68\xee") == "640028"
    assert profile_level_id(b"\0\0\1\x67\x42\xc0\x1e\xff") == "42c01e"
    assert profile_level_id(b"\0\0\1\x65\x88\x84") is None
    assert profile_level_id(b"") is None


def test_who_asks_too_often_waits_and_others_do_not() -> None:
    rates = Rates(per_minute=60, burst=2)
    assert [rates.wait("a", 0.0), rates.wait("a", 0.0)] == [0, 0]
    assert 0 < rates.wait("a", 0.0) <= 1
    assert rates.wait("b", 0.0) == 0
    assert rates.wait("a", 1.1) == 0
