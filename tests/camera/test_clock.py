from fractions import Fraction

from edged.camera.clock import Clock

RTP = Fraction(1, 90_000)
FRAME = 9000  # at 10 fps


def ticks(*pts: int | None, time_base: Fraction = RTP, reordered: bool = False) -> list[int]:
    clock = Clock(fps=10)
    return [clock.at(each, time_base, reordered=reordered) for each in pts]


def test_a_session_begins_at_zero_wherever_the_stream_does():
    assert ticks(7_000_000, 7_009_000, 7_018_000) == [0, 9000, 18_000]


def test_other_time_bases_become_90_khz():
    assert ticks(0, 1, 2, time_base=Fraction(1, 10)) == [0, 9000, 18_000]
    assert ticks(0, 1001, 2002, time_base=Fraction(1, 30_000)) == [0, 3003, 6006]


def test_mpeg_ts_wrapping_at_33_bits_goes_on():
    end = 1 << 33
    assert ticks(end - 2 * FRAME, end - FRAME, 0, FRAME) == [0, 9000, 18_000, 27_000]


def test_rtp_wrapping_at_32_bits_goes_on_twice():
    end = 1 << 32
    clock = Clock(fps=10)
    clock.at(end - FRAME, RTP)
    assert clock.at(0, RTP) == 9000
    for minute in range(1, end // (59 * 90_000)):
        clock.at(minute * 59 * 90_000, RTP)
    before = clock.at(end - FRAME, RTP)
    assert clock.at(0, RTP) == before + FRAME


def test_a_leap_far_ahead_is_another_clock():
    assert ticks(0, 9000, 9000 + 3600 * 90_000, 18_000 + 3600 * 90_000) == [0, 9000, 18_000, 27_000]


def test_a_pause_of_some_seconds_is_kept():
    assert ticks(0, 9000, 9000 + 5 * 90_000) == [0, 9000, 459_000]


def test_a_leap_far_back_is_another_clock():
    assert ticks(500_000, 509_000, 0, 9000) == [0, 9000, 18_000, 27_000]


def test_frames_out_of_order_never_go_back_and_the_clock_recovers():
    assert ticks(0, 27_000, 9000, 18_000, 36_000) == [0, 27_000, 27_001, 27_002, 36_000]


def test_the_same_time_twice_still_grows():
    assert ticks(0, 0, 9000) == [0, 1, 9000]


def test_missing_times_are_filled_by_the_frame_rate():
    assert ticks(None, None, None) == [0, 9000, 18_000]
    assert ticks(0, 9000, None, 27_000) == [0, 9000, 18_000, 27_000]


def test_rtsp_that_learns_its_time_with_the_second_frame():
    assert ticks(None, 9000, 18_000) == [0, 9000, 18_000]


def test_a_file_that_begins_again_goes_on_one_frame_later():
    clock = Clock(fps=25)
    for pts in (0, 9000, 18_000):
        clock.at(pts, RTP)
    clock.restart()
    assert [clock.at(pts, RTP) for pts in (0, 9000)] == [27_000, 36_000]


def test_b_frames_keep_their_places_before_the_newest():
    order = (0, 27_000, 9000, 18_000, 54_000, 36_000, 45_000)
    assert ticks(*order, reordered=True) == list(order)


def test_a_file_with_b_frames_begins_again_one_frame_later():
    clock = Clock(fps=25)
    for pts in (0, 27_000, 9000, 18_000):
        clock.at(pts, RTP, reordered=True)
    clock.restart()
    assert [clock.at(pts, RTP, reordered=True) for pts in (0, 18_000, 9000)] == [36_000, 54_000, 45_000]


def test_b_frames_around_the_wrap_stay_in_order():
    end = 1 << 33
    order = (end - 2 * FRAME, FRAME, end - FRAME, 0, 4 * FRAME, 2 * FRAME, 3 * FRAME)
    assert ticks(*order, reordered=True) == [0, 27_000, 9000, 18_000, 54_000, 36_000, 45_000]


def test_a_variable_rate_is_kept_as_it_is():
    assert ticks(0, 3000, 12_000, 12_500, 90_000) == [0, 3000, 12_000, 12_500, 90_000]
