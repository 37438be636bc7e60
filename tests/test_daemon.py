"""The whole, from outside: real video in, NATS and HTTP out."""

import asyncio
import json
import os
import signal
from pathlib import Path

import aiohttp
import av
import jsonschema
import msgspec
import nats
import pytest

from edged import framing
from edged import messages as m
from edged.contract import generate
from tests.rigs.daemon import Daemon, camera, running_daemon

ALERT = '[[alerts]]\nname = "somebody"\nmin_time = 0.5\nsuppress = 3.0\n'


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


async def gone(pid: int) -> None:
    while alive(pid):
        await asyncio.sleep(0.02)


async def facts(url: str, kind: str, type_: type[m.AnyFact]) -> list[m.AnyFact]:
    """Everything of one kind that the stream holds."""
    client = await nats.connect(url)
    js = client.jetstream()
    found = []
    subscription = await js.subscribe(f"edged.v1.*.*.*.{kind}", ordered_consumer=True)
    try:
        while True:
            found.append(msgspec.json.decode((await subscription.next_msg(timeout=1)).data, type=m.AnyFact))
    except TimeoutError:
        return [fact for fact in found if isinstance(fact, type_)]
    finally:
        await client.close()


async def test_any_nats_client_reads_detections_that_keep_the_contract(tmp_path: Path, pedestrians: Path) -> None:
    schema = jsonschema.Draft202012Validator(generate.schema())
    async with running_daemon(tmp_path, camera("walk", pedestrians)) as daemon:
        client = await nats.connect(await daemon.bus_url())
        subscription = await client.subscribe("edged.>")
        people, kinds = 0, set()
        async with asyncio.timeout(30):
            async for message in subscription.messages:
                if message.subject.endswith("snapshots"):
                    assert message.data.startswith(b"\xff\xd8")
                    schema.validate(json.loads(message.headers["Edged-Meta"]))
                elif message.subject.startswith("edged.v1") and not message.subject.endswith("video"):
                    schema.validate(content := json.loads(message.data))
                    people += len(content.get("tracks", ()))
                kinds.add(message.subject.rpartition(".")[2])
                if people > 20 and {"detections", "health", "track", "snapshots", "state"} <= kinds:
                    break
        await client.close()


async def test_without_a_choice_the_detector_that_comes_along_runs_and_nothing_is_downloaded(
    tmp_path: Path, pedestrians: Path
) -> None:
    called: list[object] = []
    proxy = await asyncio.start_server(lambda reader, writer: called.append(writer), "127.0.0.1", 0)
    address = f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
    environ = {name: address for name in ("http_proxy", "https_proxy")} | {"no_proxy": "127.0.0.1,localhost"}
    daemon = Daemon(tmp_path, camera("walk", pedestrians), environ=environ)
    await daemon.start()
    try:
        await daemon.until_status("walk", "running")
        while not (seen := (await daemon.get("/api/realtime/latest"))["detections"]):
            await asyncio.sleep(0.05)
        assert {one["model"] for one in seen.values()} == {"edged-person"}
        assert not called
    finally:
        await daemon.stop(signal.SIGKILL)
        proxy.close()


async def test_an_alert_comes_with_its_picture(tmp_path: Path, pedestrians: Path) -> None:
    async with running_daemon(tmp_path, camera("walk", pedestrians) + ALERT) as daemon, asyncio.timeout(30):
        while not (alerts := (await daemon.get("/api/alerts"))["alerts"]):
            await asyncio.sleep(0.1)
        assert alerts[0]["rule"] == "somebody"
        client = await nats.connect(await daemon.bus_url())
        await client.close()
        async with aiohttp.ClientSession() as session:
            while True:
                async with session.get(daemon.url + alerts[0]["snapshot_url"]) as response:
                    if response.status == 200:
                        assert (await response.read()).startswith(b"\xff\xd8")
                        break
                await asyncio.sleep(0.1)


async def test_alerts_raised_around_a_killed_broker_arrive_exactly_once(tmp_path: Path, pedestrians: Path) -> None:
    async with running_daemon(tmp_path, camera("walk", pedestrians) + ALERT) as daemon, asyncio.timeout(60):
        assert daemon.process
        while not (await daemon.get("/api/alerts"))["total"]:
            await asyncio.sleep(0.1)
        for _ in range(2):
            broker = [
                pid
                for pid in children(daemon.process.pid)
                if alive(pid) and "nats-server" in Path(f"/proc/{pid}/comm").read_text()
            ]
            os.kill(broker[0], signal.SIGKILL)
            await gone(broker[0])
            before = (await daemon.get("/api/alerts"))["total"]
            while (await daemon.get("/api/alerts"))["total"] <= before:
                await asyncio.sleep(0.1)
        stored = await facts(await daemon.bus_url(), "alert", m.AlertRaised)
        assert len({alert.id for alert in stored}) == len(stored) >= 3
        tracks = await facts(await daemon.bus_url(), "track", m.TrackStarted)
        assert len({track.id for track in tracks}) == len(tracks)
        known = {(track.session, track.track) for track in tracks}
        assert {(alert.session, alert.track) for alert in stored} <= known, (
            "an alert without its track: a fact was lost"
        )


async def test_after_kill_9_the_daemon_goes_on_and_nothing_is_lost(tmp_path: Path, pedestrians: Path) -> None:
    async with running_daemon(tmp_path, camera("walk", pedestrians) + ALERT) as daemon, asyncio.timeout(60):
        assert daemon.process
        await daemon.send("PATCH", "/api/cameras/walk", {"fps": 7, "name": "Walkway"})
        while not (await daemon.get("/api/alerts"))["total"]:
            await asyncio.sleep(0.1)
        before = {fact.id for fact in await facts(await daemon.bus_url(), "track", m.TrackStarted)}
        helpers = children(daemon.process.pid)
        await daemon.stop(signal.SIGKILL)
        for pid in helpers:
            await gone(pid)
        await daemon.start()
        view = await daemon.until_status("walk", "running")
        assert (view["fps"], view["name"]) == (7, "Walkway")
        after = [fact.id for fact in await facts(await daemon.bus_url(), "track", m.TrackStarted)]
        assert before <= set(after)
        assert len(set(after)) == len(after)


async def test_ctrl_c_ends_everything_and_leaves_nothing(tmp_path: Path, pedestrians: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    config = camera("walk", pedestrians) + camera("gone", "rtsp://127.0.0.1:9/x")
    async with running_daemon(tmp_path, config, environ={"TMPDIR": str(temporary)}) as daemon:
        assert daemon.process
        await daemon.until_status("walk", "running")
        helpers = children(daemon.process.pid)
        assert helpers
        async with asyncio.timeout(4):
            assert await daemon.stop(signal.SIGINT) == 0
        assert not [pid for pid in helpers if alive(pid)]
        assert not list(temporary.iterdir())
        assert "Traceback" not in daemon.log.read_text()


async def test_cameras_are_added_stopped_started_and_removed_while_it_runs(tmp_path: Path, pedestrians: Path) -> None:
    allowed = f'[from_api]\nfile_dirs = ["{pedestrians.parent}"]\n'
    async with running_daemon(tmp_path, allowed) as daemon, asyncio.timeout(30):
        status, view = await daemon.send("POST", "/api/cameras", {"name": "The walk", "url": str(pedestrians)})
        assert (status, view.get("id")) == (201, "the-walk"), view
        await daemon.until_status("the-walk", "running")
        session = (await daemon.camera("the-walk"))["health"]["session"]
        assert (await daemon.send("POST", "/api/cameras/the-walk/fps", {"fps": 2}))[0] == 200
        assert (await daemon.send("POST", "/api/cameras/the-walk/detection", {"enabled": False}))[0] == 200
        assert (await daemon.camera("the-walk"))["health"]["session"] == session, "the stream was reopened"
        assert (await daemon.send("POST", "/api/cameras/the-walk/stop"))[0] == 200
        await daemon.until_status("the-walk", "stopped")
        assert (await daemon.send("POST", "/api/cameras/the-walk/start"))[0] == 200
        await daemon.until_status("the-walk", "running")
        assert (await daemon.send("DELETE", "/api/cameras/the-walk"))[0] == 204
        assert (await daemon.send("GET", "/api/cameras/the-walk"))[0] == 404


async def test_a_password_is_nowhere_to_be_read(tmp_path: Path) -> None:
    async with running_daemon(tmp_path, camera("gone", "rtsp://admin:sesame-4711@127.0.0.1:9/x")) as daemon:
        async with asyncio.timeout(20):
            await daemon.until_status("gone", "retrying")
        shown = json.dumps([await daemon.get("/api/cameras"), await daemon.get("/api/health")])
        await daemon.stop(signal.SIGINT)
        assert "sesame" not in shown
        for path in tmp_path.rglob("*"):
            if path.is_file() and path.name not in ("edged.toml", "secrets.json"):
                assert b"sesame" not in path.read_bytes(), f"{path} holds the password"
        assert (tmp_path / "state" / "secrets.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        ('[detector]\nmodel = "nosuch"\n', "choose one of"),
        ('[gateway]\nhost = "0.0.0.0"\n', "api_key"),
        ('[gatway]\n', "did you mean 'gateway'"),
        ('[nats]\nbinary = "no-such-server"\n', "apt-get install nats-server"),
        ('[nats]\nurl = "nats://127.0.0.1:9"\n', "nats.url"),
    ],
)  # fmt: skip
async def test_a_wrong_configuration_is_one_line_and_a_failure(tmp_path: Path, config: str, complaint: str) -> None:
    daemon = Daemon(tmp_path, camera("gone", "rtsp://127.0.0.1:9/x") + config)
    file = tmp_path / "edged.toml"
    file.write_text(f'state_dir = "{tmp_path / "state"}"\n' + daemon.config)
    process = await asyncio.create_subprocess_exec(
        *daemon.command, "run", "--config", str(file), stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL
    )
    async with asyncio.timeout(20):
        _, errors = await process.communicate()
    assert process.returncode == 1
    said = [line for line in errors.decode().splitlines() if line.startswith("edged:")]
    assert len(said) == 1
    assert complaint in said[0]
    assert "Traceback" not in errors.decode()


async def test_the_gateway_alone_shows_a_box_it_only_knows_by_nats(tmp_path: Path, pedestrians: Path) -> None:
    async with running_daemon(tmp_path, camera("walk", pedestrians)) as box, asyncio.timeout(30):
        alone = Daemon(tmp_path, "")
        await alone.start(("gateway", "--nats", await box.bus_url(), "--config", str(file_with_free_port(tmp_path))))
        try:
            await alone.until_status("walk", "running")
            assert (await alone.send("POST", "/api/cameras/walk/fps", {"fps": 3}))[0] == 200
            assert (await box.camera("walk"))["fps"] == 3
        finally:
            await alone.stop()


def file_with_free_port(folder: Path) -> Path:
    file = folder / "gateway.toml"
    file.write_text("[gateway]\nport = 0\n")
    return file


async def test_two_boxes_of_one_name_on_one_bus_are_refused(tmp_path: Path) -> None:
    async with running_daemon(tmp_path) as first:
        second = tmp_path / "second"
        second.mkdir()
        daemon = Daemon(second, f'[nats]\nurl = "{await first.bus_url()}"\n')
        with pytest.raises(AssertionError, match=r"another edged on this NATS is called home\.edge"):
            await daemon.start()
        assert daemon.process
        assert await daemon.process.wait() == 1


async def test_an_alert_has_a_clip_from_before_it_began(tmp_path: Path, walk: Path) -> None:
    clips = "[clips]\nbefore = 1.0\nafter = 1.0\nmin_free = 0\n"
    async with running_daemon(tmp_path, clips + camera("walk", walk) + ALERT) as daemon, asyncio.timeout(60):
        # the first may begin with the stream, before which there is nothing
        while len(alerts := (await daemon.get("/api/alerts"))["alerts"]) < 2 or not (url := alerts[0]["clip_url"]):
            await asyncio.sleep(0.1)
        async with aiohttp.ClientSession() as session:
            async with session.get(daemon.url + url) as response:
                assert (response.status, response.content_type) == (200, "video/mp4")
                whole = await response.read()
            for asked, status, part in (
                ("bytes=100-199", 206, whole[100:200]),
                ("bytes=-50", 206, whole[-50:]),
                (f"bytes={len(whole) - 10}-", 206, whole[-10:]),
                (f"bytes={len(whole)}-", 416, None),
            ):
                async with session.get(daemon.url + url, headers={"Range": asked}) as response:
                    assert response.status == status, asked
                    if part is not None:
                        assert await response.read() == part
                        assert response.headers["Content-Range"].endswith(f"/{len(whole)}")
            async with session.head(daemon.url + url) as response:
                assert response.headers["Content-Length"] == str(len(whole))
            async with session.get(f"{daemon.url}/api/clips/home/edge/walk/nosuch.mp4") as response:
                assert response.status == 404
        [ready] = [fact for fact in await facts(await daemon.bus_url(), "clip", m.ClipReady) if fact.alert in url]
        [alert] = [each for each in (await daemon.get("/api/alerts"))["alerts"] if each["id"] == ready.alert]
        assert ready.since.isoformat() < alert["since"]
        (tmp_path / "clip.mp4").write_bytes(whole)
        with av.open(str(tmp_path / "clip.mp4")) as container:
            assert len(list(container.decode(video=0))) / 10 > 1


async def test_a_daemon_killed_while_it_records_leaves_no_broken_clip(tmp_path: Path, walk: Path) -> None:
    clips = "[clips]\nbefore = 1.0\nafter = 60.0\nmin_free = 0\n"
    async with running_daemon(tmp_path, clips + camera("walk", walk) + ALERT) as daemon, asyncio.timeout(60):
        folder = tmp_path / "state" / "clips"
        while not list(folder.rglob("*.part")):
            await asyncio.sleep(0.1)
        await daemon.stop(signal.SIGKILL)
        left = list(folder.rglob("*.part"))
        assert left
        await daemon.start()
        while any(path.exists() for path in left):
            await asyncio.sleep(0.1)
        assert not list(folder.rglob("*.mp4"))
        assert await facts(await daemon.bus_url(), "clip", m.ClipReady) == []


async def test_video_is_answered_for_over_nats(tmp_path: Path, walk: Path) -> None:
    async with running_daemon(tmp_path, camera("walk", walk)) as daemon, asyncio.timeout(30):
        await daemon.until_status("walk", "running")
        client = await nats.connect(await daemon.bus_url())
        subscription = await client.subscribe("edged.v1.home.edge.walk.video")
        assert (await client.request("edged.v1.home.edge.walk.watch", b'{"seconds": 10}')).data == b"{}"
        meta = json.loads((await subscription.next_msg(10)).headers["Edged-Meta"])
        start = list(framing.unpack((await client.request("edged.v1.home.edge.walk.gop", b"")).data))
        assert start[0][0].key
        assert start[0][0].session == meta["session"]
        refusal = await client.request("edged.v1.home.edge.walk.watch", b'{"seconds": -1}')
        assert refusal.headers["Nats-Service-Error-Code"] == "invalid"
        assert (await daemon.camera("walk"))["health"]["video"]
        await client.close()


async def test_every_box_names_the_access_unit_it_was_seen_in(tmp_path: Path, walk: Path) -> None:
    async with running_daemon(tmp_path, camera("walk", walk)) as daemon, asyncio.timeout(30):
        client = await nats.connect(await daemon.bus_url())
        video = await client.subscribe("edged.v1.home.edge.walk.video")
        boxes = await client.subscribe("edged.v1.home.edge.walk.detections")
        units = [json.loads((await video.next_msg(10)).headers["Edged-Meta"]) for _ in range(40)]
        sent = {(unit["session"], unit["pts"]) for unit in units}
        seen = set()
        while not seen or max(pts for _, pts in seen) < units[-1]["pts"]:
            message = json.loads((await boxes.next_msg(10)).data)
            seen.add((message["session"], message["pts"]))
        within = {each for each in seen if units[0]["pts"] <= each[1] <= units[-1]["pts"]}
        assert len(within) > 10
        assert within <= sent


async def test_a_line_drawn_while_it_runs_counts_at_once_and_the_stream_stays_open(
    tmp_path: Path, pedestrians: Path
) -> None:
    line = {"id": "walkway", "points": [[0.469, 0.686], [0.469, 0.286]]}
    async with running_daemon(tmp_path, camera("walk", pedestrians)) as daemon:
        url = await daemon.bus_url()
        client = await nats.connect(url)
        detections = await client.subscribe("edged.v1.*.*.walk.detections")
        before = msgspec.json.decode((await detections.next_msg(30)).data, type=m.Detections)
        crossings = await client.subscribe("edged.v1.*.*.walk.crossing")
        reply = await client.request("edged.v1.home.edge.walk.set", json.dumps({"lines": [line]}).encode(), timeout=5)
        assert json.loads(reply.data)["camera"]["lines"][0]["id"] == "walkway"
        crossed = msgspec.json.decode((await crossings.next_msg(60)).data, type=m.LineCrossed)
        assert (crossed.session, crossed.line, crossed.label) == (before.session, "walkway", "person")
        bad = {"zones": [{"id": "bow", "polygon": [[0.1, 0.1], [0.5, 0.5], [0.5, 0.1], [0.1, 0.5]]}]}
        refused = await client.request("edged.v1.home.edge.walk.set", json.dumps(bad).encode(), timeout=5)
        assert refused.headers["Nats-Service-Error-Code"] == "invalid"
        assert "zones[0].polygon: its sides cross each other" in refused.headers["Nats-Service-Error"]
        await client.close()
