"""Access units cut into RTP payloads, RFC 6184, packetization-mode 1. Cut once, for all who watch."""

from collections.abc import Iterator

_MOST = 1300  # bytes of a payload: with SRTP, UDP and IPv6 around it a packet passes a VPN's 1400
_STAP_A, _FU_A = 24, 28
_START, _END = 0x80, 0x40
_IMPORTANCE = 0x60  # nal_ref_idc


def payloads(unit: bytes) -> tuple[bytes, ...]:
    """Of one access unit in Annex B: what fits together goes together (STAP-A), what is too large in pieces (FU-A) of one size, but for the last."""
    cut: list[bytes] = []
    together: list[bytes] = []
    size = 1
    for nal in _nals(unit):
        if together and size + 2 + len(nal) > _MOST:
            cut.append(_aggregated(together))
            together, size = [], 1
        if len(nal) > _MOST:
            cut += _fragments(nal)
        else:
            together.append(nal)
            size += 2 + len(nal)
    if together:
        cut.append(_aggregated(together))
    return tuple(cut)


def _nals(unit: bytes) -> Iterator[bytes]:
    """Without start codes, and without the zeros that may come before them."""
    begin = unit.find(b"\0\0\1") + 3
    while begin > 2:
        found = unit.find(b"\0\0\1", begin)
        end = found if found >= 0 else len(unit)
        while end > begin and not unit[end - 1]:
            end -= 1
        if end > begin:
            yield unit[begin:end]
        begin = found + 3


def _aggregated(nals: list[bytes]) -> bytes:
    if len(nals) == 1:
        return nals[0]
    head = _STAP_A | max(nal[0] & _IMPORTANCE for nal in nals)
    return bytes((head,)) + b"".join(len(nal).to_bytes(2, "big") + nal for nal in nals)


def _fragments(nal: bytes) -> list[bytes]:
    indicator, kind = nal[0] & _IMPORTANCE | _FU_A, nal[0] & 0x1F
    step, end = _MOST - 2, len(nal)
    first, between, last = (bytes((indicator, kind | mark)) for mark in (_START, 0, _END))
    middle = range(1 + step, end - step, step)
    cut = [first + nal[1 : 1 + step]]
    cut += [between + nal[at : at + step] for at in middle]
    cut.append(last + nal[1 + step * (1 + len(middle)) :])
    return cut
