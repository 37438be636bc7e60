import json
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from edged import config
from edged.asking import CameraRecord
from edged.bus.link import Link, Refused, connect
from edged.bus.tables import Table
from edged.node.cameras import Cameras
from edged.node.secrets import Secrets
from tests.rigs.nats import NatsServer

LOGIN = "rtsp://admin:sesame@127.0.0.1/stream"


class Box:
    """A node's cameras, and what they asked to be done."""

    def __init__(self, link: Link, folder: Path, *declared: config.Camera, **settings: object) -> None:
        self.applied: dict[str, config.Camera | None] = {}
        self.table = Table(link, "edged_cameras", CameraRecord)
        self.secrets = Secrets(folder / "secrets.json")
        whole = msgspec.convert({"site": "s", "node": "n", **settings}, config.Config)
        whole = msgspec.structs.replace(whole, cameras=declared)
        self.cameras = Cameras(whole, self.table, self.secrets, self.apply)

    async def apply(self, camera: str, settings: config.Camera | None) -> None:
        self.applied[camera] = settings

    async def set(self, camera: str, **fields: object) -> CameraRecord:
        return await self.cameras.set(camera, json.dumps(fields).encode())


@pytest.fixture
async def link(nats_server: NatsServer) -> AsyncIterator[Link]:
    async with connect(nats_server.url, "test") as link:
        yield link


def declared(**fields: object) -> config.Camera:
    return msgspec.convert({"id": "front", "url": LOGIN, **fields}, config.Camera)


async def test_what_was_edited_last_wins_the_file_or_the_api(link: Link, tmp_path: Path) -> None:
    first = Box(link, tmp_path, declared(fps=4))
    await first.cameras.begin()
    await first.set("front", fps=7)

    same_file = Box(link, tmp_path, declared(fps=4))
    await same_file.cameras.begin()
    assert same_file.applied["front"].fps == 7

    edited_file = Box(link, tmp_path, declared(fps=5))
    await edited_file.cameras.begin()
    assert edited_file.applied["front"].fps == 5


async def test_a_camera_taken_out_of_the_file_is_gone_and_one_from_the_api_stays(link: Link, tmp_path: Path) -> None:
    first = Box(link, tmp_path, declared())
    await first.cameras.begin()
    await first.set("yard", url="rtsp://127.0.0.1/yard")

    second = Box(link, tmp_path)
    await second.cameras.begin()
    assert set(second.applied) == {"yard"}
    assert set(await second.table.all()) == {"s.n.yard"}
    assert second.secrets.read() == {}


async def test_a_password_reaches_the_camera_and_the_secrets_file_only(link: Link, tmp_path: Path) -> None:
    box = Box(link, tmp_path)
    await box.cameras.begin()
    record = await box.set("front", url=LOGIN)
    assert "sesame" not in record.camera.url
    assert record.secret
    assert "sesame" not in str(await box.table.all())
    assert box.applied["front"].url == LOGIN

    again = Box(link, tmp_path)
    await again.cameras.begin()
    assert again.applied["front"].url == LOGIN


@pytest.mark.parametrize(
    ("url", "opened"),
    [
        ("rtsp://admin@127.0.0.1/other", "rtsp://admin:sesame@127.0.0.1/other"),
        ("rtsp://admin:new@127.0.0.1/stream", "rtsp://admin:new@127.0.0.1/stream"),
        ("rtsp://other@127.0.0.1/stream", "rtsp://other@127.0.0.1/stream"),
        ("rtsp://admin@127.0.0.2/stream", "rtsp://admin@127.0.0.2/stream"),
    ],
)
async def test_a_password_goes_on_only_with_the_login_it_belongs_to(
    link: Link, tmp_path: Path, url: str, opened: str
) -> None:
    box = Box(link, tmp_path)
    await box.cameras.begin()
    await box.set("front", url=LOGIN)
    await box.set("front", url=url)
    assert box.applied["front"].url == opened


@pytest.mark.parametrize(
    ("camera", "fields", "code", "complaint"),
    [
        ("new", {}, "invalid", "url"),
        ("new", {"url": "rtsp://127.0.0.1/x", "fps": "fast"}, "invalid", "fps"),
        ("new", {"url": "rtsp://127.0.0.1/x", "fsp": 3}, "invalid", "fsp"),
        ("new", {"url": "file:///etc/passwd"}, "forbidden", "from_api"),
        ("new", {"url": "http://169.254.169.254/latest"}, "forbidden", "link-local"),
        ("_", {"url": "rtsp://127.0.0.1/x"}, "invalid", "box itself"),
    ],
)  # fmt: skip
async def test_what_may_not_be_is_refused_with_its_reason(
    link: Link, tmp_path: Path, camera: str, fields: dict[str, object], code: str, complaint: str
) -> None:
    box = Box(link, tmp_path)
    await box.cameras.begin()
    with pytest.raises(Refused, match=complaint) as refusal:
        await box.set(camera, **fields)
    assert refusal.value.code == code
    assert box.applied == {}
    assert await box.table.all() == {}


async def test_a_camera_too_many_is_refused(link: Link, tmp_path: Path) -> None:
    box = Box(link, tmp_path, from_api={"max_cameras": 1})
    await box.cameras.begin()
    await box.set("one", url="rtsp://127.0.0.1/1")
    with pytest.raises(Refused, match="max_cameras"):
        await box.set("two", url="rtsp://127.0.0.1/2")
    await box.set("one", fps=2)


async def test_an_unknown_camera_can_be_neither_started_nor_removed(link: Link, tmp_path: Path) -> None:
    box = Box(link, tmp_path)
    await box.cameras.begin()
    with pytest.raises(Refused, match="no camera 'ghost'"):
        await box.cameras.enable("ghost", True)
    with pytest.raises(Refused, match="no camera 'ghost'"):
        await box.cameras.remove("ghost")


async def test_without_a_broker_a_change_is_refused_and_nothing_changes(
    nats_server: NatsServer, link: Link, tmp_path: Path
) -> None:
    box = Box(link, tmp_path)
    await box.cameras.begin()
    await box.set("front", url="rtsp://127.0.0.1/x", fps=3)
    await nats_server.stop()
    with pytest.raises(Refused, match="was not changed") as refusal:
        await box.set("front", fps=9)
    assert refusal.value.code == "unavailable"
    assert box.applied["front"].fps == 3
