"""Clips begin before their event, are whole or absent, and leave the disk its room."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av
import pytest

from edged import config
from edged import messages as m
from edged.asking import ClipRead, ClipRequest
from edged.bus.link import Refused
from edged.node import untold
from edged.node.clips import Clips
from edged.subjects import Address
from tests.camera.watching import Watched, watched
from tests.rigs import clips as making
from tests.rigs.clips import read_number
from tests.rigs.veil import NO_VEIL

ADDRESS = Address("home", "edge", "front")


class Facts:
    """Where finished clips are told."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[m.ClipReady] = asyncio.Queue()

    async def add(self, fact: m.ClipReady, payload: bytes = b"") -> None:
        await self.told.put(fact)

    async def written(self) -> None: ...


@asynccontextmanager
async def keeping(folder: Path, **limits: Any) -> AsyncIterator[tuple[Clips, asyncio.Queue[m.ClipReady]]]:
    facts = Facts()
    clips = Clips(config.Clips(min_free=0, **limits), folder, facts)  # type: ignore[arg-type]
    running = asyncio.create_task(clips.run())
    try:
        yield clips, facts.told
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def of(watch: Watched, before: float, after: float, id: str = "somebody.edge.front.s.1") -> ClipRequest:
    now = datetime.now(UTC)
    return ClipRequest(
        id=id, session=watch.camera.session, since=now - timedelta(seconds=before), until=now + timedelta(seconds=after)
    )


async def frames(watch: Watched, until: int) -> None:
    async with asyncio.timeout(20):
        while watch.camera.facts().frames < until:
            await watch.frames(1)


def numbers(path: Path) -> list[int]:
    with av.open(str(path)) as container:
        return [read_number(frame.to_ndarray(format="gray"), 320) for frame in container.decode(video=0)]


@pytest.mark.parametrize(
    ("codec", "options"),
    [
        ("libx264", {"bf": "0", "g": "10"}),
        ("libx264", {"bf": "2", "g": "10"}),
        ("libx265", {"x265-params": "log-level=none:keyint=10:bframes=0"}),
    ],
)
async def test_a_clip_begins_before_its_event_and_ends_after_it(tmp_path, codec, options):
    clip = making.write(tmp_path / "camera.mp4", codec, "yuv420p", options=options)
    async with keeping(tmp_path / "kept") as (clips, told), watched(str(clip)) as watch:
        await frames(watch, 25)
        await clips.record(ADDRESS, watch.camera, wanted := of(watch, before=1.0, after=1.0), NO_VEIL)
        assert not list((tmp_path / "kept").rglob("*.mp4"))
        async with asyncio.timeout(20):
            ready = await told.get()
    path = tmp_path / "kept" / "front" / f"{wanted.id}.mp4"
    assert ready.key == f"home/edge/front/{wanted.id}.mp4"
    assert ready.bytes == path.stat().st_size
    assert ready.since <= wanted.since
    assert wanted.since - ready.since < timedelta(seconds=1.5)
    seen = numbers(path)
    assert seen == [(ready.pts // 9000 + step) % 40 for step in range(len(seen))]
    assert 20 <= len(seen) <= 36
    with av.open(str(path)) as container:
        assert container.duration / 1e6 == pytest.approx(ready.seconds, abs=0.4)  # B-frames begin late
        assert (container.streams.video[0].codec_context.codec.canonical_name) == ready.codec
    assert not list((tmp_path / "kept").rglob("*.part"))


async def test_the_same_clip_is_asked_for_twice_and_made_once(tmp_path, clips):
    async with keeping(tmp_path) as (kept, told), watched(str(clips.mp4)) as watch:
        await frames(watch, 5)
        wanted = of(watch, before=1, after=0.2)
        for _ in range(3):
            await kept.record(ADDRESS, watch.camera, wanted, NO_VEIL)
        async with asyncio.timeout(20):
            await told.get()
        await kept.record(ADDRESS, watch.camera, wanted, NO_VEIL)
        assert told.empty()


async def test_a_clip_is_read_in_pieces(tmp_path):
    path = tmp_path / "front" / "a.1.mp4"
    path.parent.mkdir()
    path.write_bytes(bytes(range(200)))
    async with keeping(tmp_path) as (clips, _):
        assert await clips.read("front", ClipRead(id="a.1", size=0)) == (b"", 200)
        assert await clips.read("front", ClipRead(id="a.1", offset=190)) == (bytes(range(190, 200)), 200)
        with pytest.raises(Refused, match="no clip"):
            await clips.read("front", ClipRead(id="b"))
        for id in ("../front/a.1", "..", "", "a/b", "a" * 300):
            with pytest.raises(Refused, match="no id of a clip"):
                await clips.read("front", ClipRead(id=id))


async def test_a_clip_that_is_to_be_forgotten_goes_also_while_it_is_made(tmp_path, clips):
    async with keeping(tmp_path) as (kept, told), watched(str(clips.mp4)) as watch:
        await frames(watch, 5)
        done, begun = of(watch, before=1, after=0.2, id="done"), of(watch, before=1, after=60, id="begun")
        await kept.record(ADDRESS, watch.camera, done, NO_VEIL)
        async with asyncio.timeout(20):
            assert (await told.get()).alert == "done"
        await kept.record(ADDRESS, watch.camera, begun, NO_VEIL)
        async with asyncio.timeout(20):
            while not list(tmp_path.rglob("begun*.part")):
                await asyncio.sleep(0.02)
        await kept.forget("front", ("done", "begun", "never-was"))
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
        assert told.empty()
        with pytest.raises(Refused, match="no id of a clip"):
            await kept.forget("front", ("../secrets",))


async def test_a_moment_of_another_session_is_refused(tmp_path, clips):
    async with keeping(tmp_path) as (kept, _), watched(str(clips.mp4)) as watch:
        await frames(watch, 2)
        now = datetime.now(UTC)
        with pytest.raises(Refused, match="opened anew"):
            await kept.record(ADDRESS, watch.camera, ClipRequest(id="a", session="old", since=now, until=now), NO_VEIL)


async def test_a_camera_whose_pictures_no_mp4_takes_is_refused_with_advice(tmp_path, clips):
    async with keeping(tmp_path) as (kept, _), watched(str(clips.avi)) as watch:
        await frames(watch, 2)
        with pytest.raises(Refused, match=r"sends mjpeg: a clip needs H\.264"):
            await kept.record(ADDRESS, watch.camera, of(watch, 1, 1), NO_VEIL)


async def test_the_oldest_go_first_when_there_is_too_much_or_it_is_too_old(tmp_path):
    now = datetime.now(UTC).timestamp()
    for age_days, name in enumerate(("new", "old", "older", "ancient")):
        path = tmp_path / "front" / f"{name}.mp4"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes(1000))
        os.utime(path, (now, now - 86_400 * age_days * 10))
    (tmp_path / "front" / "crashed.mp4.part").write_bytes(b"x")
    async with keeping(tmp_path, max_age_days=25, max_bytes=2500), asyncio.timeout(10):
        while len(list(tmp_path.rglob("*.mp4*"))) > 2:
            await asyncio.sleep(0.02)
    assert {path.name for path in tmp_path.rglob("*.mp4*")} == {"new.mp4", "old.mp4"}


async def test_a_disk_without_room_gives_up_clips_and_nothing_else(tmp_path, clips):
    free = shutil.disk_usage(tmp_path).free
    settings = config.Clips(min_free=2 * free)
    facts = Facts()
    kept = Clips(settings, tmp_path / "kept", facts)  # type: ignore[arg-type]
    async with watched(str(clips.mp4)) as watch:
        await frames(watch, 3)
        await kept.record(ADDRESS, watch.camera, of(watch, 1, 0.1), NO_VEIL)
        async with asyncio.timeout(20):
            while kept._recording:
                await asyncio.sleep(0.02)
    assert not [path for path in (tmp_path / "kept").rglob("*") if path.is_file()]
    assert facts.told.empty()


async def test_a_clip_cut_short_by_a_lost_camera_is_whole(tmp_path, rtsp_server):
    server = rtsp_server()
    async with keeping(tmp_path) as (kept, told), watched(server.url) as watch:
        await frames(watch, 15)
        await kept.record(ADDRESS, watch.camera, wanted := of(watch, before=1, after=60), NO_VEIL)
        server.kill()
        async with asyncio.timeout(20):
            ready = await told.get()
    assert ready.seconds > 0.5
    assert len(numbers(tmp_path / "front" / f"{wanted.id}.mp4")) >= 5


async def test_a_clip_cut_short_by_the_end_of_the_daemon_is_whole(tmp_path, clips):
    async with watched(str(clips.mp4)) as watch:
        async with keeping(tmp_path) as (kept, told):
            await frames(watch, 12)
            await kept.record(ADDRESS, watch.camera, wanted := of(watch, before=1, after=60), NO_VEIL)
            async with asyncio.timeout(20):
                while not list(tmp_path.rglob("*.part")):
                    await asyncio.sleep(0.02)
            await frames(watch, watch.camera.facts().frames + 15)
        ready = told.get_nowait()
    assert ready.alert == wanted.id
    assert len(numbers(tmp_path / "front" / f"{wanted.id}.mp4")) >= 5
    assert not list(tmp_path.rglob("*.part"))


async def test_a_clip_that_was_complete_when_the_daemon_was_killed_is_told_of_after_all(tmp_path, clips):
    async with watched(str(clips.mp4)) as watch, keeping(tmp_path) as (kept, told):
        await frames(watch, 5)
        await kept.record(ADDRESS, watch.camera, wanted := of(watch, before=1, after=0.2), NO_VEIL)
        async with asyncio.timeout(20):
            ready = await told.get()
    clip = tmp_path / "front" / f"{wanted.id}.mp4"
    untold.note(clip, ready)
    untold.note(clip.with_name("never-named.mp4"), ready)
    clip.with_name("torn.mp4").touch()
    clip.with_name("torn.mp4.untold").write_bytes(b'{"type":"clip","al')
    async with keeping(tmp_path) as (_, told):
        async with asyncio.timeout(20):
            assert await told.get() == ready
            while list(tmp_path.rglob("*.untold")):
                await asyncio.sleep(0.02)
    assert told.empty()
    assert clip.exists()
