"""Many UDP datagrams in one call: the kernel cuts them apart (UDP_SEGMENT, Linux 4.18 and later, udp(7))."""

import errno
import os
import socket
import struct
from collections.abc import Iterator, Sequence

_UDP_SEGMENT = 103  # <linux/udp.h>; Python's socket module has no name for it
_TOGETHER = 40  # of 1,400 bytes: less than the 64 KiB and 64 datagrams that a call takes
_FULL = {errno.EAGAIN, errno.ENOBUFS}


class Datagrams:
    """Sends from the socket with this descriptor, whose owner may go on using it. Close it, for it holds another one."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=os.dup(descriptor))
        self._able = _able(self._socket)

    def send(self, packets: Sequence[bytes], address: tuple[str, int]) -> Sequence[bytes]:
        """What is left to be sent by other means, because this system cannot, or does not take it now. Raises nothing."""
        if not self._able:
            return packets
        left: list[bytes] = []
        for run in _runs(packets):
            if left or not self._sent(run, address):
                left += run
        return left

    def close(self) -> None:
        self._socket.close()

    def _sent(self, run: list[bytes], address: tuple[str, int]) -> bool:
        apart = [(socket.IPPROTO_UDP, _UDP_SEGMENT, struct.pack("=H", len(run[0])))] if len(run) > 1 else []
        try:
            self._socket.sendmsg(run, apart, socket.MSG_DONTWAIT, address)
        except OSError as error:
            # a network card that cannot (EIO), or a way too narrow (EINVAL): never again on this one
            self._able = error.errno in _FULL
            return False
        return True


def _able(sending: socket.socket) -> bool:
    """Older kernels would not refuse, but send one datagram in fragments."""
    try:
        sending.setsockopt(socket.IPPROTO_UDP, _UDP_SEGMENT, 0)
    except OSError:
        return False
    return True


def _runs(packets: Sequence[bytes]) -> Iterator[list[bytes]]:
    """In order, those that may go together: of one size, but for the last, which may be smaller."""
    run: list[bytes] = []
    for packet in packets:
        if run and (len(packet) > len(run[0]) or len(run[-1]) < len(run[0]) or len(run) == _TOGETHER):
            yield run
            run = []
        run.append(packet)
    if run:
        yield run
