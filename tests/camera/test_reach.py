import asyncio

import pytest

from edged.camera import reach
from edged.camera.faults import CameraFault
from tests.rigs.faults import black_hole


async def test_a_camera_that_appears_while_it_is_looked_for_is_found(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reach, "AGAIN", 0.1)
    with black_hole() as port:
        # less than the second after which the system repeats a request by itself
        looking = asyncio.create_task(reach.check(f"rtsp://127.0.0.1:{port}/live", 0.9))
        await asyncio.sleep(0.3)
        assert not looking.done()
    async with await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", port):
        await looking


async def test_one_that_does_not_appear_is_a_timeout_and_one_that_refuses_is_so_at_once():
    with black_hole() as port, pytest.raises(CameraFault) as silent:
        await reach.check(f"rtsp://127.0.0.1:{port}/live", 0.3)
    async with asyncio.timeout(20):
        with pytest.raises(CameraFault) as refused:
            await reach.check(f"rtsp://127.0.0.1:{port}/live", 60)
    assert (silent.value.cause, refused.value.cause) == ("timeout", "refused")
