"""What the API says of a camera that is in trouble, each trouble after the other, and that the picture is back."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rigs.cameras import StartRtsp
from tests.rigs.daemon import Daemon, camera, running_daemon
from tests.rigs.faults import BadNetwork

UNAUTHORIZED = b'RTSP/1.0 401 Unauthorized\r\n%CSEQ%\r\nWWW-Authenticate: Basic realm="x"\r\n\r\n'
TROUBLES: list[tuple[Callable[[BadNetwork], None], str, str, str]] = [
    (BadNetwork.hold, "stalled", "stalled", "sends nothing any more"),
    (
        lambda network: network.say(b"RTSP/1.0 404 No\r\n%CSEQ%\r\n\r\n"),
        "retrying",
        "not_found",
        "no stream at this path",
    ),
    (lambda network: network.say(b""), "retrying", "timeout", "does not answer"),
    (lambda network: network.say(UNAUTHORIZED), "retrying", "auth", "user and password"),
]


async def health(daemon: Daemon, status: str, cause: str | None) -> dict[str, object]:
    found: dict[str, object] = {}
    try:
        async with asyncio.timeout(20):
            while (found.get("status"), found.get("cause")) != (status, cause):
                found = (await daemon.camera("front"))["health"] or {}
                await asyncio.sleep(0.05)
    except TimeoutError:
        pytest.fail(f"not {status} because of {cause}, but {found}")
    return found


@pytest.mark.timeout(180)
async def test_the_api_tells_each_trouble_by_its_state_its_cause_and_what_to_do(tmp_path: Path, rtsp_server: StartRtsp):
    async with BadNetwork(rtsp_server().port) as network:
        quick = {"stall_timeout": 0.8, "open_timeout": 0.8, "retry_min": 0.8, "transport": "tcp"}
        front = camera("front", f"rtsp://127.0.0.1:{network.port}/live", **quick)
        async with running_daemon(tmp_path, front) as daemon:
            for trouble, status, cause, advice in TROUBLES:
                before = await health(daemon, "running", None)
                trouble(network)
                found = await health(daemon, status, cause)
                assert advice in str(found["detail"])
                assert f"127.0.0.1:{network.port}" in str(found["detail"])
                network.heal()
            assert found["retry_in"] > 20  # who refuses a password is not asked again soon
            assert before["reconnects"] >= len(TROUBLES) - 2
