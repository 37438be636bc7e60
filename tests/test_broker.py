import asyncio
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import nats
import pytest

from edged import config
from edged.broker import Broker
from edged.nats_server import BrokerError, jetstream_at, name_at
from tests.rigs.disks import SmallDisk


async def gone(pid: int) -> None:
    """Waits until the process is no more (a zombie does not count as alive)."""
    async with asyncio.timeout(10):
        while alive(pid):
            await asyncio.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def servers(state: Path) -> list[int]:
    """The nats-servers whose configuration lies under `state`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = entry.read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if command[0].endswith(b"nats-server") and any(str(state).encode() in part for part in command):
            found.append(int(entry.parent.name))
    return found


@asynccontextmanager
async def supervised(broker: Broker):
    async with broker:
        task = asyncio.create_task(broker.run())
        try:
            yield broker
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_a_client_finds_jetstream_there(tmp_path: Path) -> None:
    async with Broker(config.Nats(), tmp_path) as broker:
        client = await nats.connect(broker.url)
        js = client.jetstream()
        assert (await js.add_stream(name="facts", subjects=["facts"])).config.name == "facts"
        await client.close()
        assert client.max_payload == 8 * 1024 * 1024
        assert broker.version >= (2, 9)
    assert servers(tmp_path) == []


async def test_limits_larger_than_the_free_disk_are_not_refused(tmp_path: Path) -> None:
    huge = 10 * shutil.disk_usage(tmp_path).total
    async with Broker(config.Nats(facts_max_bytes=huge), tmp_path) as broker:
        client = await nats.connect(broker.url)
        info = await client.jetstream().add_stream(name="facts", subjects=["facts"], max_bytes=huge)
        await client.close()
        assert info.config.max_bytes == huge


async def test_killed_it_comes_back_on_the_same_port_with_its_data(tmp_path: Path) -> None:
    async with supervised(Broker(config.Nats(), tmp_path)) as broker:
        client = await nats.connect(broker.url, reconnect_time_wait=0.02, max_reconnect_attempts=-1, error_cb=quiet)
        js = client.jetstream()
        await js.add_stream(name="facts", subjects=["facts"])
        await js.publish("facts", b"one")
        for _ in range(2):
            back = asyncio.Event()
            client._reconnected_cb = lambda back=back: set_soon(back)
            os.kill(servers(tmp_path)[0], signal.SIGKILL)
            async with asyncio.timeout(15):
                await back.wait()
        assert (await js.get_msg("facts", 1)).data == b"one"
        await client.close()


async def test_one_that_answers_is_left_alone(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("edged.broker.PROBE_SECONDS", 0.01)
    async with supervised(Broker(config.Nats(), tmp_path)) as broker:
        before = servers(tmp_path)
        for _ in range(30):
            assert await jetstream_at(broker._port)
        assert servers(tmp_path) == before
        assert not await jetstream_at(1), "where nobody listens"


async def quiet(_: Exception) -> None: ...


async def set_soon(event: asyncio.Event) -> None:
    event.set()


DAEMON = """
import asyncio, sys
from pathlib import Path
from edged import config
from edged.broker import Broker

async def main():
    async with Broker(config.Nats(), Path(sys.argv[1])) as broker:
        print(broker.url, flush=True)
        await broker.run()

asyncio.run(main())
"""


def daemon(state: Path) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen([sys.executable, "-c", DAEMON, str(state)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    return process, process.stdout.readline().strip()


async def test_a_daemon_that_is_killed_takes_its_server_along(tmp_path: Path) -> None:
    process, _ = await asyncio.to_thread(daemon, tmp_path)
    [server] = servers(tmp_path)
    process.kill()
    await gone(server)
    process.communicate()


async def test_also_a_server_that_hears_nothing_any_more(tmp_path: Path) -> None:
    process, _ = await asyncio.to_thread(daemon, tmp_path)
    [server] = servers(tmp_path)
    os.kill(server, signal.SIGSTOP)
    process.kill()
    await gone(server)
    process.communicate()


async def test_the_next_daemon_waits_while_the_store_is_still_in_use(tmp_path: Path) -> None:
    await start_and_stop(tmp_path)
    with (tmp_path / "nats" / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = asyncio.create_task(start_and_stop(tmp_path))
        done, _ = await asyncio.wait([waiting], timeout=0.3)
        assert not done
    await waiting


async def test_a_server_that_hangs_is_replaced_and_keeps_its_port_and_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_haste(monkeypatch)
    async with supervised(Broker(config.Nats(), tmp_path)) as broker:
        async with client_of(broker) as js:
            await js.add_stream(name="facts", subjects=["facts"])
            await js.publish("facts", b"one")
        [server] = servers(tmp_path)
        os.kill(server, signal.SIGSTOP)
        await gone(server)
        async with client_of(broker) as js:
            assert (await js.get_msg("facts", 1)).data == b"one"


async def test_a_server_that_came_to_the_end_of_the_disk_works_again_when_there_is_room(
    small_disk: SmallDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_haste(monkeypatch)
    async with supervised(Broker(config.Nats(), small_disk.path)) as broker:
        async with client_of(broker) as js:
            await js.add_stream(name="facts", subjects=["facts"])
            kept = (await js.publish("facts", b"one")).seq
            small_disk.fill()
            with suppress(nats.errors.Error, TimeoutError):
                while True:
                    kept = (await js.publish("facts", bytes(10_000), timeout=1)).seq
        small_disk.clear()
        async with client_of(broker) as js, asyncio.timeout(20):
            while True:
                try:
                    assert (await js.publish("facts", b"two", timeout=1)).seq > kept
                    break
                except (nats.errors.Error, TimeoutError):
                    pass  # it is being replaced
            assert (await js.get_msg("facts", 1)).data == b"one"
            assert (await js.get_msg("facts", kept)).data is not None


def in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edged.broker.PROBE_SECONDS", 0.2)
    monkeypatch.setattr("edged.nats_server.ANSWER_SECONDS", 0.5)


@asynccontextmanager
async def client_of(broker: Broker) -> AsyncIterator[nats.js.JetStreamContext]:
    client = await nats.connect(
        broker.url, reconnect_time_wait=0.05, max_reconnect_attempts=-1, error_cb=quiet, connect_timeout=1
    )
    try:
        yield client.jetstream()
    finally:
        await client.close()


async def start_and_stop(state: Path) -> None:
    async with Broker(config.Nats(), state):
        pass


async def test_a_second_daemon_on_the_same_store_is_told_whose_it_is(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("edged.broker.LOCK_SECONDS", 0.1)
    async with Broker(config.Nats(), tmp_path):
        with pytest.raises(BrokerError, match=rf"used by another edged \(process {os.getpid()}\).*state_dir"):
            await start_and_stop(tmp_path)


async def test_without_the_program_the_error_names_the_package_and_the_key(tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match=r"apt-get install nats-server.*`nats\.binary`"):
        async with Broker(config.Nats(binary="nats-server-that-is-not-here"), tmp_path):
            pass


async def test_a_program_that_is_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match=r"is `nats\.binary` a nats-server"):
        async with Broker(config.Nats(binary="true"), tmp_path):
            pass


async def test_a_taken_port_is_named_with_its_key(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(BrokerError, match=rf"port {port} is taken.*`nats\.port`"):
            async with Broker(config.Nats(port=port), tmp_path):
                pass
    assert servers(tmp_path) == []


async def test_a_free_port_that_is_snatched_is_replaced_by_another(tmp_path: Path, monkeypatch) -> None:
    from edged import broker as module

    free = module._free_port
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        ports = iter([other.getsockname()[1], free()])
        monkeypatch.setattr(module, "_free_port", lambda: next(ports))
        async with Broker(config.Nats(), tmp_path) as broker:
            assert await name_at(int(broker.url.rpartition(":")[2])) == broker._name


async def test_a_server_that_cannot_use_its_store_says_so(tmp_path: Path) -> None:
    (tmp_path / "nats").mkdir()
    (tmp_path / "nats" / "jetstream").write_text("a file where a folder should be")
    with pytest.raises(BrokerError, match=r"ended at once.*JetStream"):
        async with Broker(config.Nats(), tmp_path):
            pass


@pytest.mark.parametrize(("says", "always"), [("v2.9.25", False), ("v2.10.0-beta.1", True), ("v2.12.3", True)])
async def test_only_a_server_that_knows_the_key_is_told_to_sync_always(tmp_path: Path, says: str, always: bool) -> None:
    pretender = tmp_path / "nats-server"
    pretender.write_text(f'#!/bin/sh\n [ "$1" = --version ] && echo nats-server: {says}\n')
    pretender.chmod(0o755)
    with pytest.raises(BrokerError):
        async with Broker(config.Nats(binary=str(pretender)), tmp_path):
            pass
    text = (tmp_path / "nats" / "nats-server.conf").read_text()
    assert ("sync_interval: always" in text) is always
