"""Who may have video, how it ends, and what is said to those who ask for what cannot be."""

import asyncio
from typing import Any

import pytest
from aiohttp import WSMsgType

from edged import config
from edged.bus.bus import open_bus
from edged.bus.link import Refused
from edged.gateway.app import serve
from tests.gateway.conftest import World
from tests.gateway.webrtc.test_peer import Player, offered, play, player
from tests.rigs.broadcast import Broadcast


async def sessions(world: World, count: int) -> list[Any]:
    found = await world.until("/api/streams/status", lambda found: len(found["sessions"]) == count)
    return list(found["sessions"])


async def asked(world: World, sdp: str, status: int = 400, camera: str = "front") -> Any:
    return (await world.ask("POST", "/webrtc/offer", status, json={"camera": camera, "sdp": sdp}))["error"]


async def test_who_leaves_is_let_go_and_nobody_watching_asks_for_nothing(world: World, broadcast: Broadcast) -> None:
    async with player() as viewer:
        await play(world, viewer)
        await viewer.until(5)
        assert (await world.get("/api/streams/status"))["videos"][0]["viewers"] == 1
    await sessions(world, 0)
    assert (await world.get("/api/streams/status"))["videos"] == []
    before = len(broadcast.asked)
    async with asyncio.timeout(15):
        while broadcast.watched:
            await asyncio.sleep(0.05)
    assert len(broadcast.asked) == before


async def test_viewers_of_a_camera_share_its_video(world: World, broadcast: Broadcast) -> None:
    async with player() as one, player() as two:
        assert [await play(world, each) for each in (one, two)] == ["front_1", "front_2"]
        await asyncio.gather(one.until(10), two.until(10))
        assert broadcast.asked.count("gop") == 1
        assert one.units[one.whole[-1]]
        metrics = (await world.get("/metrics")).decode()
        assert "edged_gateway_webrtc_sessions 2.0" in metrics
        assert "edged_gateway_videos 1.0" in metrics


async def test_a_camera_opened_again_goes_on_in_the_same_session(world: World, broadcast: Broadcast) -> None:
    async with player() as viewer:
        await play(world, viewer)
        await viewer.until(5)
        broadcast.restart("s2")
        count = len(viewer.whole)
        await viewer.until(count + 20)
        assert viewer.words[-1]["session"] == "s2"
        assert all(
            0 < (later - earlier) & 0xFFFFFFFF < 2**31
            for earlier, later in zip(viewer.whole, viewer.whole[1:], strict=False)
        )


async def test_a_camera_without_video_says_why(world: World, broadcast: Broadcast) -> None:
    broadcast.refusal = Refused("unavailable", "camera front cannot be shown")
    async with player() as viewer:
        assert (await asked(world, await offered(viewer), 503))["message"] == "camera front cannot be shown"
        assert (await asked(world, await offered(viewer), 404, "nowhere"))["code"] == "not_found"
    await sessions(world, 0)


async def test_a_node_that_knows_no_video_is_said_to_be_silent(world: World) -> None:
    async with player() as viewer:
        assert (await asked(world, await offered(viewer), 503))["code"] == "unanswered"


GARBAGE = [
    "",
    "v=0",
    "nothing at all",
    "v=0\r\nm=video\r\n",
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n",
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\n",
    "v=0\r\nm=video 99999999999 UDP/TLS/RTP/SAVPF x\r\na=rtpmap:y\r\na=candidate:\r\n",
    "\0\u2028m=video",
]


@pytest.mark.parametrize("sdp", GARBAGE)
async def test_garbage_is_told_so_and_leaves_nothing(world: World, broadcast: Broadcast, sdp: str) -> None:
    assert (await asked(world, sdp))["code"] == "invalid"
    await world.ask("POST", "/whep/front", 400, data=sdp.encode(), headers={"content-type": "application/sdp"})
    await sessions(world, 0)


async def test_an_oversized_description_is_refused(world: World, broadcast: Broadcast) -> None:
    huge = "v=0\r\n" + "a=x\r\n" * 20_000
    assert "max_sdp" in (await asked(world, huge, 413))["message"]
    await world.ask("POST", "/whep/front", 413, data=huge.encode(), headers={"content-type": "application/sdp"})


async def test_unknown_sessions_are_not_found(world: World) -> None:
    await world.ask("POST", "/api/webrtc/answer", 404, json={"session": "front_9", "sdp": "v=0"})
    await world.ask("POST", "/api/webrtc/candidate", 404, json={"session": "front_9"})
    await world.ask("DELETE", "/api/webrtc/session/front_9", 404)
    await world.ask("DELETE", "/whep/front/front_9", 404)
    await world.get("/ws/webrtc/front_9", 404)


async def test_candidates_and_answers_that_make_no_sense_are_refused(world: World, broadcast: Broadcast) -> None:
    made = await world.ask("POST", "/api/webrtc/stream/front", 201)
    said = {"session": made["session"], "candidate": {"candidate": "candidate:nonsense", "sdpMid": "0"}}
    await world.ask("POST", "/api/webrtc/candidate", 400, json=said)
    await world.ask("POST", "/api/webrtc/answer", 400, json={"session": made["session"], "sdp": "v=0"})
    async with world.http.ws_connect(made["ws"]) as ws:
        assert (await ws.receive_json())["type"] == "offer"
        await ws.send_str('{"type": "dance"}')
        closed = await ws.receive(timeout=5)
        assert (closed.type, closed.data) == (WSMsgType.CLOSE, 1008)
    await world.ask("DELETE", f"/api/webrtc/session/{made['session']}", 204)
    await sessions(world, 0)


async def whep(world: World, viewer: Player) -> Any:
    head = {"content-type": "application/sdp"}
    return await world.http.post("/whep/front", data=await offered(viewer), headers=head)


async def test_a_whep_session_is_trickled_to_and_deleted(world: World, broadcast: Broadcast) -> None:
    async with player() as viewer:
        began = await whep(world, viewer)
        assert (began.status, began.content_type) == (201, "application/sdp")
        where, etag = began.headers["Location"], began.headers["ETag"]
        assert where == "/whep/front/front_1"
        assert "H264/90000" in await began.text()
        fragment = "a=ice-ufrag:x\r\na=mid:0\r\na=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\na=end-of-candidates\r\n"
        trickle = {"content-type": "application/trickle-ice-sdpfrag"}
        await world.ask("PATCH", where, 204, data=fragment, headers={**trickle, "If-Match": etag})
        await world.ask("PATCH", where, 412, data=fragment, headers={**trickle, "If-Match": '"other"'})
        await world.ask("PATCH", where, 428, data=fragment, headers=trickle)
        await world.ask("PATCH", where, 415, data=fragment)
        await world.ask("DELETE", where, 200)
        await sessions(world, 0)


async def test_over_the_caps_viewers_are_told_when_to_ask_again(world: World, broadcast: Broadcast) -> None:
    few = config.Config(gateway=config.Gateway(port=0), webrtc=config.WebRtc(sessions=1, offers_per_minute=1))
    async with open_bus(config.Nats(), world.nats.url, "few") as bus, serve(bus, few) as gateway:
        async with world.http.post(f"{gateway.url}/api/webrtc/stream/front") as first:
            assert first.status == 201
        async with world.http.post(f"{gateway.url}/api/webrtc/stream/front") as second:
            assert (second.status, second.headers["Retry-After"]) == (503, "5")
            assert "webrtc.sessions" in await second.text()
        refused = 503
        while refused == 503:
            async with world.http.post(f"{gateway.url}/api/webrtc/stream/front") as later:
                refused, why = later.status, await later.text()
        assert (refused, "offers_per_minute" in why) == (429, True)


async def test_servers_on_the_way_are_named_to_viewers(world: World, broadcast: Broadcast) -> None:
    servers = config.WebRtc(turn="turn:127.0.0.1:9", turn_user="me", turn_password="pass")
    beyond = config.Config(gateway=config.Gateway(port=0), webrtc=servers)
    async with (
        open_bus(config.Nats(), world.nats.url, "beyond") as bus,
        serve(bus, beyond) as gateway,
        world.http.get(f"{gateway.url}/api/streams/status") as status,
    ):
        found = (await status.json())["ice_servers"]
    assert found == [{"urls": "turn:127.0.0.1:9", "username": "me", "credential": "pass"}]


async def test_rapid_connects_leave_nothing(world: World, broadcast: Broadcast) -> None:
    async def come_and_go() -> None:
        async with player() as viewer:
            await world.ask("POST", "/webrtc/offer", json={"camera": "front", "sdp": await offered(viewer)})

    def at_work() -> list[str]:
        """Tasks, but for aiohttp's of connections it keeps open."""
        names = (getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks())
        return sorted(name for name in names if not name.startswith("RequestHandler"))

    before = at_work()
    for _ in range(4):
        await asyncio.gather(*(come_and_go() for _ in range(8)))
        for one in (await world.get("/api/streams/status"))["sessions"]:
            await world.ask("DELETE", f"/api/webrtc/session/{one['session']}", 204)
    await sessions(world, 0)
    async with asyncio.timeout(10):
        while at_work() != before:
            await asyncio.sleep(0.05)
