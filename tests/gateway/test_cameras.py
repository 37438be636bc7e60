from io import BytesIO

import pytest

from tests.gateway.conftest import World
from tests.rigs.node import running_node

SECRET = "rtsp://admin:hunter2@10.0.0.9/1?token=t0ps3cret"


async def test_a_camera_is_listed_with_its_configuration_and_health(world: World) -> None:
    await world.node.healthy("front", status="retrying", cause="auth", detail="401")
    page = await world.until("/api/cameras", lambda found: found["cameras"][0]["health"] is not None)
    assert (page["total"], page["page"], page["limit"]) == (1, 1, 50)
    view = page["cameras"][0]
    assert (view["key"], view["site"], view["node"], view["id"]) == ("home.edge.front", "home", "edge", "front")
    assert (view["fps"], view["secret"], view["origin"]) == (5.0, False, "api")
    assert view["health"]["status"] == "retrying"
    assert await world.get("/api/cameras/edge.front") == view


async def test_the_list_is_filtered_and_paged(world: World) -> None:
    await world.node.add("back", name="Back door", location="Hof")
    await world.node.add("yard")
    await world.until("/api/cameras", lambda found: found["total"] == 3)

    async def ids(**params: object) -> list[str]:
        return [view["id"] for view in (await world.get("/api/cameras", **params))["cameras"]]

    assert await ids() == ["back", "front", "yard"]
    assert await ids(q="DOOR") == ["back"]
    assert await ids(q="hof") == ["back"]
    assert await ids(page=2, limit=2) == ["yard"]
    assert await ids(node="other") == []
    assert await ids(status="silent", site="home") == ["back", "front", "yard"]
    await world.node.healthy("yard")
    await world.until("/api/cameras?status=running", lambda found: found["total"] == 1)


async def test_a_camera_is_added_changed_switched_and_removed(world: World) -> None:
    view = await world.ask("POST", "/api/cameras", 201, json={"url": SECRET, "name": "Front Gate"})
    assert (view["id"], view["url"], view["secret"]) == ("front-gate", "rtsp://admin@10.0.0.9/1?token=***", True)
    path = "/api/cameras/front-gate"
    assert (await world.ask("PATCH", path, json={"fps": 2, "motion": {"enabled": False}}))["fps"] == 2
    assert (await world.get(path))["motion"]["enabled"] is False
    assert (await world.ask("POST", f"{path}/stop"))["enabled"] is False
    assert (await world.ask("POST", f"{path}/start"))["enabled"] is True
    assert (await world.ask("POST", f"{path}/detection", json={"enabled": False}))["detection"] is False
    assert (await world.ask("POST", f"{path}/fps", json={"fps": 7.5}))["fps"] == 7.5
    await world.ask("DELETE", path, 204)
    await world.get(path, 404)


async def test_a_new_id_is_made_from_the_name_or_the_url_and_is_free(world: World) -> None:
    async def added(**fields: str) -> str:
        return str((await world.ask("POST", "/api/cameras", 201, json=fields))["id"])

    assert await added(url="rtsp://10.0.0.9/1", name="Front") == "front-2"
    assert await added(url="rtsp://10.0.0.9/1") == "10-0-0-9"
    assert await added(url="/clips/Hall way.mp4") == "hall-way-mp4"
    assert await added(url="rtsp://10.0.0.9/1", id="Mine") == "Mine"
    assert (await world.ask("POST", "/api/cameras", 409, json={"url": "rtsp://x/1", "id": "Mine"}))["error"][
        "code"
    ] == "exists"


async def test_no_password_ever_comes_out(world: World) -> None:
    await world.ask("POST", "/api/cameras", 201, json={"url": SECRET, "id": "gate"})
    said = [
        await world.ask("POST", "/api/cameras", 403, json={"url": SECRET.replace("rtsp", "gopher")}),
        await world.ask("POST", "/api/probe", json={"url": SECRET}),
        *[await world.get(path) for path in ("/api/cameras", "/api/cameras/gate", "/api/health", "/metrics")],
    ]
    assert "hunter2" not in str(said)
    assert "t0ps3cret" not in str(said)


async def test_a_record_that_holds_a_password_is_shown_without_it(world: World) -> None:
    record = await world.node.add("gate")
    leaky = record.__class__(site="home", node="edge", camera=record.camera.__class__(id="gate", url=SECRET))
    await world.node.bus.cameras.put("home.edge.gate", leaky)
    view = await world.until("/api/cameras/gate", lambda found: "10.0.0.9" in found["url"])
    assert view["url"] == "rtsp://admin@10.0.0.9/1?token=***"


async def test_two_boxes_with_the_same_id_are_told_apart_by_their_node(world: World) -> None:
    async with running_node(world.nats.url, name="attic") as attic:
        await attic.add("front", location="attic")
        await world.until("/api/cameras", lambda found: found["total"] == 2)
        error = (await world.get("/api/cameras/front", 409))["error"]
        assert error["code"] == "ambiguous"
        assert "home.attic.front, home.edge.front" in error["message"]
        assert (await world.get("/api/cameras/attic.front"))["location"] == "attic"
        new = {"url": "rtsp://10.0.0.9/1", "id": "new"}
        assert "home.attic" in (await world.ask("POST", "/api/cameras", 409, json=new))["error"]["message"]
        assert (await world.ask("POST", "/api/cameras", 201, json={**new, "node": "attic"}))["node"] == "attic"
        assert (await world.ask("POST", "/api/cameras", 404, json={**new, "node": "cellar"}))["error"][
            "code"
        ] == "not_found"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "word"),
    [
        ("GET", "/api/cameras/none", None, 404, "front"),
        ("GET", "/api/cameras?page=0", None, 400, "query.page"),
        ("GET", "/api/cameras?limit=many", None, 400, "query.limit"),
        ("POST", "/api/cameras", {"name": "x"}, 400, "url"),
        ("POST", "/api/cameras", {"url": "rtsp://x", "colour": 1}, 400, "colour"),
        ("POST", "/api/cameras", {"url": "full:"}, 429, "all the cameras"),
        ("PATCH", "/api/cameras/front", {"fps": "fast"}, 400, "body.fps"),
        ("PATCH", "/api/cameras/front", {"id": "other"}, 400, "id"),
        ("POST", "/api/cameras/front/fps", {"fps": 0}, 400, "body.fps"),
        ("POST", "/api/cameras/front/detection", [], 400, "body"),
        ("PUT", "/api/cameras/front", {}, 405, "PATCH"),
        ("GET", "/api/nothing", None, 404, "/api/docs"),
        ("GET", "/nothing", None, 404, "/api/docs"),
    ],
)
async def test_a_wrong_request_is_one_sentence(
    world: World, method: str, path: str, body: object, status: int, word: str
) -> None:
    error = (await world.ask(method, path, status, json=body))["error"]
    assert word in error["message"]


async def test_a_body_over_the_limit_is_refused(world: World) -> None:
    error = (await world.ask("POST", "/api/cameras", 413, data=BytesIO(b"x" * 2_000_000)))["error"]
    assert error["code"] == "too_large"
    assert "max_body" in error["message"]


async def test_a_stream_is_probed_by_the_node(world: World) -> None:
    report = await world.ask("POST", "/api/probe", json={"url": "rtsp://10.0.0.9/1", "node": "edge"})
    assert (report["codec"], report["url"]) == ("h264", "rtsp://10.0.0.9/1")


async def test_a_node_that_left_is_named_in_the_error(world: World) -> None:
    async with running_node(world.nats.url, name="attic") as attic:
        await attic.add("up")
        await world.until("/api/cameras", lambda found: found["total"] == 2)
    error = (await world.ask("POST", "/api/cameras/up/stop", 503))["error"]
    assert error["code"] == "unanswered"
    assert "attic" in error["message"]


async def test_the_ways_to_a_cameras_video_are_named_best_first(world: World) -> None:
    assert (await world.get("/api/cameras/front"))["ways"] == ["webrtc"]
    direct = "whep+https://media.lan:8889/front/whep"
    assert (await world.ask("PATCH", "/api/cameras/front", json={"direct": direct}))["ways"] == ["direct", "webrtc"]
    async with world.http.get("/") as page:
        assert "connect-src 'self' https://media.lan:8889;" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "direct", ["rtsp://media.lan/front", "https://me:secret@media.lan/", "https://a; script-src *"]
)
async def test_a_direct_url_that_browsers_cannot_take_is_refused(world: World, direct: str) -> None:
    await world.ask("PATCH", "/api/cameras/front", 400, json={"direct": direct})
