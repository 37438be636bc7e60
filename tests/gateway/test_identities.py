"""People over HTTP, with a recogniser that knows drawn faces."""

import asyncio
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import cv2
import numpy as np

from edged import messages as m
from tests.gateway.conftest import World
from tests.rigs import faces
from tests.rigs.gallery import identified


def portrait(who: int, **how: Any) -> bytes:
    return faces.jpeg(faces.placed(who, 100, 30, 260, **how))


async def enrol(world: World, who: int, name: str, **said: str) -> Any:
    headers = {"Content-Type": "image/jpeg"}
    return await world.ask(
        "POST", "/api/identities", 201, params={"name": name, **said}, data=portrait(who), headers=headers
    )


async def search(world: World, who: int, **params: Any) -> Any:
    return await world.ask(
        "POST", "/api/faces/search", params=params, data=portrait(who), headers={"Content-Type": "image/jpeg"}
    )


async def test_who_is_enrolled_from_a_picture_is_found_by_another_one(peopled: World) -> None:
    anna = await enrol(peopled, 0, "Anna", note="works here", watch="true", by="maria")
    await enrol(peopled, 1, "Ben")
    assert (anna["name"], anna["status"], anna["note"], anna["watch"]) == ("Anna", "known", "works here", True)
    picture = await peopled.get(anna["picture_url"])
    assert cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR) is not None
    found = await search(peopled, 0)
    assert found["matches"][0]["identity"]["name"] == "Anna"
    assert found["matches"][0]["score"] > 0.9
    assert found["searched"] == 2
    assert (await peopled.get(f"/api/identities/{anna['id']}"))["name"] == "Anna"
    said = (await peopled.get("/api/identities/changes", identity=anna["id"]))["changes"]
    assert [(one["change"], one["by"]) for one in said] == [("enrolled", "maria")]
    assert all("Anna" not in str(one) for one in said)


async def test_a_form_and_a_live_camera_enrol_as_well(peopled: World) -> None:
    form = aiohttp.FormData({"name": "Cem", "by": "me"})
    form.add_field("picture", portrait(2), filename="c.jpg", content_type="image/jpeg")
    made = await peopled.ask("POST", "/api/identities", 201, data=form)
    assert (made["name"], made["samples"][0]["origin"]) == ("Cem", "upload")
    wanted = {"camera": "front", "name": "Dora"}
    assert (await peopled.ask("POST", "/api/identities/live", 503, json=wanted))["error"]["code"] == "unavailable"
    peopled.node.show("front", 3600)
    said = await peopled.ask("POST", "/api/identities/live", 400, json=wanted)  # the rig's pictures are none
    assert "picture" in said["error"]["message"]
    assert (await peopled.ask("POST", "/api/identities/live", 404, json=wanted | {"camera": "ghost"}))["error"]


async def test_a_picture_nobody_can_be_enrolled_from_says_why(peopled: World) -> None:
    async def refused(data: Any, status: int, **headers: str) -> str:
        said = await peopled.ask(
            "POST", "/api/identities?name=x", status, data=data, headers={"Content-Type": "image/jpeg"} | headers
        )
        return f"{said['error']['code']}: {said['error']['message']}"

    empty = faces.jpeg(np.full((360, 640, 3), 170, np.uint8))
    both = faces.placed(0, 20, 60, 240)
    both[60:300, 340:580] = faces.drawn(1, 240)
    assert "no_face" in await refused(empty, 422)
    assert "several_faces" in await refused(faces.jpeg(both), 422)
    assert "damaged" in await refused(portrait(0)[:200], 400)
    assert "no picture" in await refused(b"<html>", 400)
    assert "invalid" in await refused(b"", 400)
    assert "too few" in await refused(faces.jpeg(np.zeros((8, 8, 3), np.uint8)), 400)
    bomb = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (60_000).to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0" + bytes(40)
    assert "60000 x 60000" in await refused(bomb, 400)
    assert "too_large" in await refused(io.BytesIO(bytes(21_000_000)), 413)
    wrong = await peopled.ask("POST", "/api/identities", 400, data=portrait(0), headers={"Content-Type": "image/jpeg"})
    assert "name" in wrong["error"]["message"]
    no_form = {"Content-Type": "multipart/form-data"}
    assert (await peopled.ask("POST", "/api/identities", 400, data=b"x", headers=no_form))["error"]["code"] == "invalid"
    assert (await peopled.get("/api/faces"))["faces"] == []


async def test_a_name_makes_an_unknown_person_known(peopled: World) -> None:
    made = await enrol(peopled, 0, "Anna")
    path = f"/api/identities/{made['id']}"
    await peopled.ask("PATCH", path, json={"status": "unregistered", "name": ""})
    named = await peopled.ask("PATCH", path, json={"name": "Anna Berg", "by": "maria"})
    assert (named["name"], named["status"]) == ("Anna Berg", "known")
    changes = (await peopled.get("/api/identities/changes"))["changes"]
    assert {"renamed", "status", "enrolled"} == {one["change"] for one in changes}
    assert "body" in (await peopled.ask("PATCH", path, 400, json={"nme": "x"}))["error"]["message"]
    assert "name" in (await peopled.ask("PATCH", path, 400, json={"name": "x" * 201}))["error"]["message"]
    await peopled.ask("PATCH", "/api/identities/ghost", 404, json={"name": "x"})
    await peopled.get("/api/identities/not%20an%20id", 404)


async def test_a_deleted_person_is_found_no_more_and_may_come_back(peopled: World) -> None:
    made = await enrol(peopled, 0, "Anna")
    path = f"/api/identities/{made['id']}"
    await peopled.ask("DELETE", f"{path}?samples=false", 204)
    assert (await search(peopled, 0))["matches"] == []
    assert (await peopled.get("/api/faces"))["faces"] == []
    [gone] = (await peopled.get("/api/faces", status="deleted"))["faces"]
    assert gone["name"] == "Anna"
    await peopled.ask("PATCH", path, json={"status": "known"})
    assert (await search(peopled, 0))["matches"][0]["identity"]["id"] == made["id"]
    await peopled.ask("DELETE", path, 204)
    await peopled.get(made["picture_url"], 404)
    assert (await peopled.get(path))["samples"] == []


async def test_two_that_are_one_are_merged_and_one_that_is_two_is_split(peopled: World) -> None:
    anna, other = await enrol(peopled, 0, "Anna"), await enrol(peopled, 1, "Someone")
    await peopled.node.tell(identified(other["id"], track=4))
    await peopled.until(f"/api/identities/{other['id']}", lambda found: found["last_seen"])
    merged = await peopled.ask("POST", f"/api/identities/{anna['id']}/merge", json={"from": [other["id"]]})
    assert len(merged["samples"]) == 2
    assert merged["last_camera"] == "home.edge.front"
    assert (await peopled.get(f"/api/identities/{other['id']}"))["merged_into"] == anna["id"]
    assert (await search(peopled, 1))["matches"][0]["identity"]["id"] == anna["id"]
    await peopled.get(merged["picture_url"])
    wrong = other["samples"][0]["id"]
    fresh = await peopled.ask("POST", f"/api/identities/{anna['id']}/split", 201, json={"samples": [wrong]})
    assert fresh["status"] == "unregistered"
    assert (await search(peopled, 1))["matches"][0]["identity"]["id"] == fresh["id"]
    assert (await search(peopled, 0))["matches"][0]["identity"]["id"] == anna["id"]
    await peopled.ask("POST", f"/api/identities/{anna['id']}/split", 404, json={"samples": [wrong]})
    await peopled.ask("POST", f"/api/identities/{anna['id']}/merge", 400, json={"from": [anna["id"]]})
    await peopled.ask("POST", f"/api/identities/{anna['id']}/merge", 404, json={"from": ["ghost"]})


async def test_samples_are_added_and_taken_away(peopled: World) -> None:
    made = await enrol(peopled, 0, "Anna")
    path, headers = f"/api/identities/{made['id']}", {"Content-Type": "image/jpeg"}
    more = await peopled.ask("POST", f"{path}/samples", 201, data=portrait(0, size=(700, 400)), headers=headers)
    assert len(more["samples"]) == 2
    left = await peopled.ask("DELETE", f"{path}/samples/{made['samples'][0]['id']}")
    assert [sample["id"] for sample in left["samples"]] == [more["samples"][1]["id"]]
    await peopled.get(made["picture_url"], 404)
    await peopled.ask("DELETE", f"{path}/samples/ghost", 404)
    said = await peopled.ask("POST", "/api/identities/reindex")
    assert (said["identities"], said["samples"]) == (1, 1)


async def test_who_is_like_a_person_or_a_vector(peopled: World) -> None:
    anna, ben = await enrol(peopled, 0, "Anna"), await enrol(peopled, 1, "Ben")
    like = await peopled.ask("POST", "/api/faces/search", json={"id": anna["id"]})
    assert [match["identity"]["id"] for match in like["matches"]] == [ben["id"]]
    vector = await peopled.ask("POST", "/api/faces/search", json={"vector": [1, 0, 0, 0, 0], "top": 1})
    assert len(vector["matches"]) == 1
    for said in (
        {},
        {"id": anna["id"], "vector": [1.0]},
        {"vector": [1, 2]},
        {"vector": [0] * 5},
        {"vector": [1e300] * 5},
    ):
        await peopled.ask("POST", "/api/faces/search", 400, json=said)
    await peopled.ask("POST", "/api/faces/search", 404, json={"id": "ghost"})


async def test_a_list_is_filtered_and_ordered(peopled: World) -> None:
    people = {name: await enrol(peopled, who, name) for who, name in enumerate(("Ülo", "anna", "Ben"))}
    noon = datetime(2026, 5, 1, 12, tzinfo=UTC)
    for hour, name, camera in ((0, "anna", "front"), (1, "Ben", "back"), (2, "anna", "back")):
        fact = identified(people[name]["id"], track=hour, at=noon + timedelta(hours=hour), camera=camera)
        await peopled.node.tell(fact)
    await peopled.until(f"/api/identities/{people['anna']['id']}", lambda found: found["last_camera"].endswith("back"))

    async def names(*params: tuple[str, str]) -> list[str]:
        async with peopled.http.get("/api/faces", params=params) as response:
            assert response.status == 200, await response.text()
            return [face["name"] for face in (await response.json())["faces"]]

    assert await names() == ["anna", "Ben", "Ülo"]
    assert await names(("order", "asc")) == ["Ülo", "Ben", "anna"]
    assert await names(("sort", "first_seen"), ("order", "asc")) == ["Ülo", "anna", "Ben"]
    assert await names(("sort", "name"), ("order", "asc")) == ["anna", "Ben", "Ülo"]
    assert await names(("q", "AN")) == ["anna"]
    assert await names(("q", "ü")) == ["Ülo"]
    assert await names(("camera_ids", "front")) == ["anna"]
    assert sorted(await names(("camera_ids", "front"), ("camera_ids", "edge.back"))) == ["Ben", "anna"]
    assert await names(("from", "2026-05-01T13:30:00Z")) == ["anna"]
    assert await names(("to", "2026-05-01T12:30:00Z"), ("camera_ids", "back")) == []
    assert sorted(await names(("status", "known"), ("status", "pending"))) == ["Ben", "anna", "Ülo"]
    assert await names(("status", "pending")) == []
    page = await peopled.get("/api/faces")
    assert (page["total_estimate"], page["counts"]) == (3, {"known": 3})
    for wrong in ("sort=age", "order=up", "limit=0", "limit=101", "cursor=%00", "status=gone", "from=yesterday"):
        assert "query" in (await peopled.get(f"/api/faces?{wrong}", 400))["error"]["message"] or wrong.startswith("cur")


async def test_pages_lead_both_ways(peopled: World) -> None:
    for who in range(5):
        await enrol(peopled, who, f"n{who}")
    asked = {"sort": "name", "order": "asc", "limit": "2"}
    first = await peopled.get("/api/faces", **asked)
    second = await peopled.get("/api/faces", **asked, cursor=first["next_cursor"])
    third = await peopled.get("/api/faces", **asked, cursor=second["next_cursor"])
    assert [[face["name"] for face in page["faces"]] for page in (first, second, third)] == [
        ["n0", "n1"], ["n2", "n3"], ["n4"],
    ]  # fmt: skip
    assert (first["previous_cursor"], third["next_cursor"]) == (None, None)
    back = await peopled.get("/api/faces", **asked, cursor=third["previous_cursor"])
    assert [face["name"] for face in back["faces"]] == ["n2", "n3"]
    assert back["next_cursor"] is not None
    begin = await peopled.get("/api/faces", **asked, cursor=back["previous_cursor"])
    assert [face["name"] for face in begin["faces"]] == ["n0", "n1"]
    assert begin["previous_cursor"] is None
    other = await peopled.get("/api/faces", 400, sort="name", order="desc", cursor=first["next_cursor"])
    assert "other filters" in other["error"]["message"]


async def test_without_a_recogniser_the_api_says_what_is_missing(world: World) -> None:
    data = {"data": portrait(0), "headers": {"Content-Type": "image/jpeg"}}
    said = await world.ask("POST", "/api/identities?name=x", 503, **data)
    assert "handlers.run" in said["error"]["message"]
    assert "edged models" in said["error"]["message"]
    assert "people in handlers.run" in (await world.get("/api/faces", 503))["error"]["message"]


async def test_nothing_is_left_of_who_is_erased(peopled: World) -> None:
    anna = await enrol(peopled, 0, "Anna")
    await peopled.node.tell(identified(anna["id"], track=7))
    await peopled.node.alert("a1", session="s1", track=7)
    await peopled.until(f"/api/identities/{anna['id']}", lambda found: found["last_seen"])
    await peopled.until("/api/alerts", lambda found: found["total"])
    said = await peopled.ask("POST", f"/api/identities/{anna['id']}/erase?by=maria")
    assert (said["samples"], said["tracks"], said["waiting"]) == (1, 1, [])
    assert said["facts"] >= 2
    await peopled.get(f"/api/identities/{anna['id']}", 404)
    await peopled.get(anna["picture_url"], 404)
    assert (await peopled.get("/api/faces", status="deleted"))["faces"] == []
    assert (await peopled.get("/api/alerts"))["total"] == 0
    changes = (await peopled.get("/api/identities/changes", identity=anna["id"]))["changes"]
    assert [one["change"] for one in changes] == ["erased", "enrolled"]
    await peopled.ask("POST", f"/api/identities/{anna['id']}/erase", 404)


async def test_a_visitor_arrives_and_stays_too_long(peopled: World) -> None:
    anna = await enrol(peopled, 0, "Anna")
    now = datetime.now(UTC)
    said = {
        "name": "<b>Anna</b>", "host": "Maria & Co", "purpose": "audit", "identity": anna["id"],
        "since": (now - timedelta(hours=2)).isoformat(), "until": (now + timedelta(seconds=2.5)).isoformat(),
    }  # fmt: skip
    made = await peopled.ask("POST", "/api/visitors", 201, json=said)
    assert made["state"] == "expected"
    path = f"/api/visitors/{made['id']}"
    fact = identified(anna["id"], track=3)
    await peopled.node.tell(fact)
    arrived = await peopled.until(path, lambda found: found["state"] == "arrived")
    assert arrived["camera"] == "home.edge.front"
    badge = (await peopled.get(f"{path}/badge")).decode()
    assert "&lt;b&gt;Anna" in badge
    assert "<b>" not in badge
    assert "Maria &amp; Co" in badge
    assert "data:image/jpeg" in badge
    await peopled.until(path, lambda found: found["state"] == "expired")
    alerts = await peopled.until("/api/alerts?rule=visitor", lambda found: found["total"] == 2)
    assert sorted(one["severity"] for one in alerts["alerts"]) == ["info", "warning"]
    assert all("Anna" not in one["message"] for one in alerts["alerts"])
    later = m.FaceIdentified.__struct_fields__ and identified(anna["id"], track=5, at=now + timedelta(minutes=20))
    await peopled.node.tell(later)
    alerts = await peopled.until("/api/alerts?rule=visitor", lambda found: found["total"] == 3)
    assert alerts["alerts"][0]["severity"] == "alarm"


async def test_passes_are_changed_listed_and_erased(peopled: World) -> None:
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    one = await peopled.ask("POST", "/api/visitors", 201, json={"name": "Ben", "host": "Maria", "until": soon})
    await peopled.ask("POST", "/api/visitors", 201, json={"name": "Cem", "host": "Otto", "until": soon})
    path = f"/api/visitors/{one['id']}"
    changed = await peopled.ask("PATCH", path, json={"state": "arrived", "company": "ACME"})
    assert (changed["state"], changed["company"], changed["arrived"] is not None) == ("arrived", "ACME", True)
    assert (await peopled.ask("PATCH", path, json={"state": "left"}))["left"]
    found = await peopled.get("/api/visitors", q="acme")
    assert [visit["name"] for visit in found["visits"]] == ["Ben"]
    assert (await peopled.get("/api/visitors", state="expected"))["total"] == 1
    await peopled.ask("PATCH", path, 400, json={"until": "2020-01-01T00:00:00Z"})
    await peopled.ask("PATCH", path, 404, json={"identity": "ghost"})
    await peopled.ask("POST", "/api/visitors", 400, json={"name": "", "host": "x", "until": soon})
    await peopled.ask("DELETE", path, 204)
    await peopled.get(path, 404)
    await peopled.ask("DELETE", path, 404)
    await asyncio.sleep(0)
