import pytest

from edged.camera.doze import Doze

FPS = 25


class Stream:
    """Packets of a camera: a key frame every `gop` frames, the rest of a size."""

    def __init__(self, gop: int = 50) -> None:
        self.doze: Doze[int] = Doze()
        self.decoded: list[int] = []
        self._gop = gop
        self._number = 0

    def send(self, frames: int, size: int = 300, wanted: bool = False) -> list[int]:
        """The packets decoded meanwhile."""
        before = len(self.decoded)
        for _ in range(frames):
            key = self._number % self._gop == 0
            now = self._number / FPS
            sent = 40_000 if key else size
            self.decoded += self.doze.take(self._number, key=key, size=sent, now=now, wanted=wanted)
            self._number += 1
        return self.decoded[before:]


def test_of_a_still_scene_only_key_frames_are_decoded() -> None:
    stream = Stream()
    stream.send(100)
    assert stream.send(500) == list(range(100, 600, 50))


def test_who_wants_frames_gets_all_of_them_and_the_decoder_misses_none() -> None:
    stream = Stream()
    stream.send(110)
    assert stream.send(20, wanted=True) == list(range(101, 130))


def test_what_is_decoded_is_in_order_and_never_twice() -> None:
    stream = Stream()
    for round_ in range(40):
        stream.send(17, size=300 + 4000 * (round_ % 5 == 0), wanted=round_ % 3 == 0)
    assert stream.decoded == sorted(set(stream.decoded))


def test_between_two_key_frames_the_decoder_gets_a_run_without_holes() -> None:
    stream = Stream()
    for round_ in range(40):
        stream.send(17, wanted=round_ % 4 == 0)
    for key in range(0, 600, 50):
        run = [number for number in stream.decoded if key <= number < key + 50]
        assert run == list(range(key, key + len(run)))


def test_a_packet_that_grows_wakes_it_at_once() -> None:
    stream = Stream()
    stream.send(120)
    assert stream.send(1, size=3000)[-1] == 120
    assert len(stream.send(10, size=3000)) == 10


@pytest.mark.parametrize("size", [60, 5000])
def test_the_noise_of_a_dark_room_does_not(size: int) -> None:
    stream = Stream()
    stream.send(100, size)
    awake = [number for number in stream.send(500, size + size // 4) if number % 50]
    assert awake == []


def test_with_key_frames_far_apart_everything_is_decoded() -> None:
    stream = Stream(gop=6 * FPS)
    stream.send(6 * FPS * 3)
    assert len(stream.send(100)) == 100
