import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from edged import config
from edged import messages as m
from edged.handlers import load_all, on, service
from tests.rigs.facts import ORIGIN, alert, box, state
from tests.rigs.handlers import handling, heard
from tests.rigs.nats import NatsServer

WRITES = """
from pathlib import Path
from edged.handlers import on
from edged.messages import AlertRaised, CameraStateChanged, TrackStarted

OUT = Path(__file__).parent / "out"

def write(text):
    with OUT.open("a") as file:
        file.write(text + "\\n")
"""


def only_own(folder: Path) -> config.Config:
    return config.Config(handlers=config.Handlers(run=(), dir=str(folder)))


async def written(folder: Path, count: int) -> list[str]:
    """The first lines that the handlers wrote."""
    async with asyncio.timeout(20):
        while len(lines := read(folder)) < count:
            await asyncio.sleep(0.01)
    return lines


def read(folder: Path) -> list[str]:
    out = folder / "out"
    return out.read_text().split() if out.exists() else []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "handlers"
    made.mkdir()
    return made


async def test_a_file_in_the_owners_folder_hears_what_it_asked_for(
    nats_server: NatsServer, tmp_path: Path, folder: Path
) -> None:
    (folder / "bell.py").write_text(
        WRITES
        + """
@on(AlertRaised, TrackStarted)
async def ring(alert, bus):
    write(f"{alert.id}-on-{bus.config.node}")
"""
    )
    async with box(nats_server.url, tmp_path / "outbox.db") as node, handling(node, only_own(folder)):
        await node.facts.publish(state(1))
        await node.facts.publish(alert("one"))
        await node.facts.publish(alert("two"))
        assert await written(folder, 2) == ["one-on-edge", "two-on-edge"]


async def test_what_was_dealt_with_does_not_come_again_after_a_restart(
    nats_server: NatsServer, tmp_path: Path, folder: Path
) -> None:
    (folder / "bell.py").write_text(WRITES + "\n@on(AlertRaised)\nasync def ring(alert, bus):\n    write(alert.id)\n")
    async with box(nats_server.url, tmp_path / "outbox.db") as node:
        async with handling(node, only_own(folder)):
            await node.facts.publish(alert("one"))
            await written(folder, 1)
        await node.facts.publish(alert("two"))
        async with handling(node, only_own(folder)):
            await node.facts.publish(alert("three"))
            assert await written(folder, 3) == ["one", "two", "three"]


async def test_a_handler_may_publish_and_another_hears_it(
    nats_server: NatsServer, tmp_path: Path, folder: Path
) -> None:
    (folder / "echo.py").write_text(
        WRITES
        + """
import msgspec

@on(AlertRaised)
async def echo(alert, bus):
    if not alert.id.startswith("echo"):
        await bus.publish_fact(msgspec.structs.replace(alert, id=f"echo-{alert.id}"))
"""
    )
    async with box(nats_server.url, tmp_path / "outbox.db") as node, handling(node, only_own(folder)):
        await node.facts.publish(alert("one"))
        assert await heard(node, "alert", 2) == ["one", "echo-one"]


async def test_a_failing_handler_is_tried_again_then_the_fact_is_set_aside_and_others_go_on(
    nats_server: NatsServer, tmp_path: Path, folder: Path, monkeypatch
) -> None:
    monkeypatch.setattr("edged.handlers.TRIES", 3)
    (folder / "moody.py").write_text(
        WRITES
        + """
calls = []

@on(AlertRaised)
async def moody(alert, bus):
    calls.append(alert.id)
    if alert.id == "bad" or calls.count(alert.id) < 2:
        raise ValueError("not today")
    write(f"moody-{alert.id}")
"""
    )
    (folder / "steady.py").write_text(
        WRITES + "\n@on(AlertRaised)\nasync def ok(alert, bus):\n    write(f'steady-{alert.id}')\n"
    )
    with capture_logs() as logs:
        async with box(nats_server.url, tmp_path / "outbox.db") as node, handling(node, only_own(folder)):
            await node.facts.publish(alert("bad"))
            await node.facts.publish(alert("good"))
            assert sorted(await written(folder, 3)) == ["moody-good", "steady-bad", "steady-good"]
            async with asyncio.timeout(20):
                while not any(line["event"] == "fact set aside" for line in logs):
                    await asyncio.sleep(0.01)
    tries = [line for line in logs if line["event"] == "handler failed" and line["fact"] == "bad"]
    [aside] = [line for line in logs if line["event"] == "fact set aside"]
    assert [line["retry_in"] for line in tries] == [1, 2]
    assert aside["fact"] == "bad"
    assert aside["handler"] == "own-moody.moody"
    assert aside["error"] == f"ValueError: not today at {folder / 'moody.py'}:18"


async def test_while_there_is_no_room_a_fact_is_tried_until_there_is(
    nats_server: NatsServer, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edged.handlers.NO_ROOM", 0.02)
    (folder / "keeper.py").write_text(
        WRITES
        + """
from edged.bus.link import BusError

tries = 0

@on(AlertRaised)
async def keep(alert, bus):
    global tries
    tries += 1
    write(f"{alert.id}-{tries}")
    if tries < 12:
        raise BusError("the disk is full")
"""
    )
    async with box(nats_server.url, tmp_path / "outbox.db") as node, handling(node, only_own(folder)):
        await node.facts.publish(alert("one"))
        await node.delivered()
        node.link.trouble = lambda: "the disk is full"
        assert (await written(folder, 12))[-1] == "one-12"


async def test_frame_traffic_reaches_a_handler_and_its_errors_end_nothing(
    nats_server: NatsServer, tmp_path: Path, folder: Path
) -> None:
    (folder / "watcher.py").write_text(
        WRITES
        + """
from edged.messages import NodeHealth

@on(NodeHealth)
async def watch(health, bus):
    write(health.version)
    raise RuntimeError("after each")
"""
    )
    with capture_logs() as logs:
        async with box(nats_server.url, tmp_path / "outbox.db") as node, handling(node, only_own(folder)):
            async with asyncio.timeout(20):
                while len(read(folder)) < 2:
                    await node.link.publish(health())
                    await asyncio.sleep(0.01)
    failures = [line for line in logs if line["event"] == "handler failed"]
    assert [line["handler"] for line in failures] == ["own-watcher.watch"]


def health() -> m.NodeHealth:
    return m.NodeHealth(
        **ORIGIN | {"camera": "_"}, time=datetime.now(UTC), version="1", uptime=0, cameras=0, model="", runtime="",
        device="", detector_busy=0, cpu=0, rss=0, loop_lag_ms=0, outbox_pending=0, notices=(),
    )  # fmt: skip


async def test_a_service_that_fails_is_started_again(
    nats_server: NatsServer, tmp_path: Path, folder: Path, monkeypatch
) -> None:
    monkeypatch.setattr("edged.handlers.RESTART", (0.01, 0.02))
    (folder / "timer.py").write_text(
        WRITES
        + """
from edged.handlers import service

@service
async def tick(bus):
    write("tick")
    raise OSError("again")
"""
    )
    async with box(nats_server.url, tmp_path / "outbox.db") as node, handling(node, only_own(folder)):
        await written(folder, 3)


def test_a_file_that_cannot_be_loaded_is_one_line_and_the_others_run(folder: Path) -> None:
    (folder / "a_typo.py").write_text("def broken(:\n")
    (folder / "b_import.py").write_text("import nothing_of_that_name\n")
    (folder / "c_sync.py").write_text(WRITES + "\n@on(AlertRaised)\ndef ring(alert, bus): ...\n")
    (folder / "d_good.py").write_text(WRITES + "\n@on(AlertRaised)\nasync def ring(alert, bus): ...\n")
    with capture_logs() as logs:
        loaded = load_all((), str(folder))
    assert [handler.name for handler in loaded] == ["own-d_good.ring"]
    assert [Path(line["file"]).name for line in logs] == ["a_typo.py", "b_import.py", "c_sync.py"]
    assert "a_typo.py:1" in logs[0]["error"]
    assert "b_import.py:1" in logs[1]["error"]
    assert "ring must be `async def`" in logs[2]["error"]


def test_a_name_that_is_not_there_is_said_with_those_that_are() -> None:
    with capture_logs() as logs:
        assert load_all(("alrts",), "") == []
    assert logs[0]["handler"] == "alrts"
    assert "alerts" in logs[0]["known"]


def test_a_folder_that_is_not_there_is_said() -> None:
    with capture_logs() as logs:
        assert load_all((), "/nowhere/at/all") == []
    assert logs[0]["dir"] == "/nowhere/at/all"


def test_the_shipped_handlers_load() -> None:
    with capture_logs() as logs:
        loaded = load_all(("alerts", "snapshots", "example_light"), "")
    assert [handler.name for handler in loaded] == [
        "alerts.run",
        "snapshots.keep_the_best",
        "example_light.light_the_yard",
    ]
    assert logs == []


def test_only_message_types_and_async_functions_can_be_marked() -> None:
    with pytest.raises(TypeError, match="message types"):
        on(str)  # type: ignore[type-var]
    with pytest.raises(TypeError, match="message types"):
        on()
    with pytest.raises(TypeError, match="async def"):
        service(print)
