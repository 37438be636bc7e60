from datetime import UTC, datetime

import pytest

from edged import messages as m
from tests.gateway.conftest import World
from tests.rigs.node import JPEG

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


async def test_a_snapshot_is_served_once_and_for_all(world: World) -> None:
    raised = await world.node.alert("a1")
    shot = m.Snapshot(
        site="home", node="edge", camera="front", time=NOON, id="s", session="s1", track=7, pts=0, label="person",
        score=0.9, box=(0, 0, 1, 1), width=10, height=10, quality=0.5, key="home/edge/front/a1.jpg",
    )  # fmt: skip
    await world.node.bus.pictures.put("home/edge/front/a1.jpg", JPEG, shot)
    path = f"/api/snapshots/{raised.snapshot}"
    async with world.http.get(path) as response:
        assert await response.read() == JPEG
        assert response.content_type == "image/jpeg"
        assert "immutable" in response.headers["Cache-Control"]
        etag = response.headers["ETag"]
    async with world.http.get(path, headers={"If-None-Match": etag}) as response:
        assert (response.status, await response.read()) == (304, b"")


@pytest.mark.parametrize("key", ["..%2Fsecrets", "a//b", "a%00b", "a b", ".hidden", "x" * 300])
async def test_what_is_no_key_is_never_looked_up(world: World, key: str) -> None:
    assert (await world.get(f"/api/snapshots/{key}", 400))["error"]["code"] == "invalid"


async def test_a_snapshot_that_is_gone_is_404(world: World) -> None:
    assert "a/b.jpg" in (await world.get("/api/snapshots/a/b.jpg", 404))["error"]["message"]
