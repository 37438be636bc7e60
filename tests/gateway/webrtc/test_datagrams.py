import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from edged.gateway.webrtc.datagrams import Datagrams

SIZES = [6, *[1300] * 50, 470, *[1300] * 2, 1400, 1083]
PACKETS = [bytes([number]) * size for number, size in enumerate(SIZES)]


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiving,
    ):
        receiving.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        receiving.bind(("127.0.0.1", 0))
        receiving.settimeout(5)
        yield sending, receiving


def test_every_packet_arrives_as_one_in_order(sockets: tuple[socket.socket, socket.socket]) -> None:
    sending, receiving = sockets
    with closing(Datagrams(sending.fileno())) as datagrams:
        for packet in datagrams.send(PACKETS, receiving.getsockname()):
            sending.sendto(packet, receiving.getsockname())
    assert [receiving.recv(2000) for _ in PACKETS] == PACKETS


def test_the_owner_goes_on_with_the_socket(sockets: tuple[socket.socket, socket.socket]) -> None:
    sending, receiving = sockets
    Datagrams(sending.fileno()).close()
    sending.sendto(b"mine", receiving.getsockname())
    assert receiving.recv(2000) == b"mine"


def test_a_system_that_cannot_leaves_all_of_them() -> None:
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sending,
        closing(Datagrams(sending.fileno())) as datagrams,
    ):
        assert list(datagrams.send(PACKETS, ("127.0.0.1", 9))) == PACKETS


def test_a_way_that_cannot_is_asked_only_once(sockets: tuple[socket.socket, socket.socket]) -> None:
    sending, _ = sockets
    wide = [b"x" * 20_000] * 3
    with closing(Datagrams(sending.fileno())) as datagrams:
        assert list(datagrams.send(wide, ("192.0.2.1", 0))) == wide
        assert list(datagrams.send(PACKETS, ("127.0.0.1", 9))) == PACKETS
