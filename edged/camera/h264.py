"""What an H.264 access unit in Annex B is made of (ITU-T H.264, clauses 7 and B)."""

from collections.abc import Iterator

SLICE, IDR, SEI, SPS, PPS, DELIMITER = 1, 5, 6, 7, 8, 9
_START = b"\x00\x00\x01"
_B_SLICES = (1, 6)


def parts(unit: bytes) -> Iterator[tuple[int, int, int]]:
    """(kind, begin, end) of each NAL unit; `begin` is at its header, and the zeros of the next start code are left out."""
    begin = unit.find(_START)
    while begin >= 0:
        begin += 3
        following = unit.find(_START, begin)
        end = len(unit) if following < 0 else following
        if begin < end:
            stop = end
            while stop > begin + 1 and unit[stop - 1] == 0:
                stop -= 1
            yield unit[begin] & 0x1F, begin, stop
        begin = following


def head(unit: bytes) -> tuple[dict[int, bytes], bool]:
    """(the parameter sets before the first slice with a start code each, by kind, and whether that slice is a B slice)."""
    sets: dict[int, bytes] = {}
    for kind, begin, end in parts(unit):
        if kind in (SPS, PPS):
            sets[kind] = sets.get(kind, b"") + b"\x00" + _START + unit[begin:end]
        elif kind in (SLICE, IDR):
            return sets, kind == SLICE and _is_b(unit[begin + 1 : begin + 9])
    return sets, False


def _is_b(header: bytes) -> bool:
    """Of the first bytes of a slice header: first_mb_in_slice and slice_type, in Exp-Golomb codes."""
    bits = int.from_bytes(header, "big")
    at = 8 * len(header)
    value = 0
    for _ in range(2):
        zeros = at - (bits & ((1 << at) - 1)).bit_length()
        at -= 2 * zeros + 1
        if at < 0:
            return False
        value = (bits >> at & ((1 << zeros + 1) - 1)) - 1
    return value in _B_SLICES
