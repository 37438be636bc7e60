import pytest
from aiohttp import ClientResponse

from edged import config
from edged.bus.bus import open_bus
from edged.gateway.app import GatewayError, check, serve
from edged.gateway.routes import ROUTES, Route
from tests.gateway.conftest import World, a_world, settings
from tests.rigs.nats import NatsServer

KEY = "s3same-öffne"
HEADER_KEY = "s3same"
GUARDED = [route for route in ROUTES if route.login in ("key", "worker")]


def path_of(route: Route) -> str:
    return route.path.replace("{camera}", "front").replace("{session}", "front_1").replace("{key:.+}", "a/b.jpg")


async def test_with_a_key_every_route_but_the_viewer_and_health_wants_it(nats_server: NatsServer) -> None:
    async with a_world(nats_server, auth=HEADER_KEY) as world:
        await world.node.add("front")
        for route in GUARDED:
            for method in (route.method, "HEAD") if route.head and route.method == "GET" else (route.method,):
                for wrong in ({}, {"x-api-key": "s3sam"}, {"Authorization": "Bearer x"}, {"Authorization": HEADER_KEY}):
                    async with world.http.request(method, path_of(route), headers=wrong) as refused:
                        assert refused.status == 401, (method, route.path)
                        assert "Bearer" in refused.headers["WWW-Authenticate"]
            async with world.http.request("OPTIONS", path_of(route)) as refused:
                assert refused.status == 401
        assert (await world.get("/health", 503))["status"] == "degraded"
        await world.get("/nothing", 404)
        await world.get("/api/nothing", 401)


async def test_the_key_is_taken_as_header_bearer_or_query(nats_server: NatsServer) -> None:
    async with a_world(nats_server, auth=HEADER_KEY) as world:
        await world.ask("GET", "/api/cameras", headers={"x-api-key": HEADER_KEY})
        await world.ask("GET", "/api/cameras", headers={"Authorization": f"bearer {HEADER_KEY}"})
        await world.get("/api/cameras", api_key=HEADER_KEY)
        await world.ask("GET", "/api/cameras", headers={"x-api-key": HEADER_KEY, "Host": "box.lan"})


async def test_a_websocket_opens_with_the_key_in_its_address(nats_server: NatsServer) -> None:
    async with (
        a_world(nats_server, auth=KEY) as world,
        world.http.ws_connect("/api/realtime/ws", params={"api_key": KEY}) as ws,
    ):
        assert not ws.closed


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8420", "[::1]:80", "edged.localhost"])
async def test_without_a_key_this_machine_may_ask_under_any_of_its_names(world: World, host: str) -> None:
    await world.ask("GET", "/api/cameras", headers={"Host": host})


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "rebound.example"},
        {"Host": "192.168.1.4:8420"},
        {"Host": "localhost.example"},
        {"Host": "[oops"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    ],
)
async def test_without_a_key_other_hosts_and_pages_are_refused(world: World, headers: dict[str, str]) -> None:
    for path in ("/api/cameras", "/metrics", "/api/realtime/ws", "/api/media/mjpeg?camera=front"):
        error = (await world.ask("GET", path, 403, headers=headers))["error"]
        assert error["code"] == "forbidden"
    assert (await world.ask("GET", "/health", headers=headers))["status"] == "ok"


async def test_the_viewer_itself_may_ask(world: World) -> None:
    await world.ask("GET", "/api/cameras", headers={"Origin": world.url, "Sec-Fetch-Site": "same-origin"})
    await world.ask("GET", "/api/cameras", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"})


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "::", "box.lan", ""])
def test_an_address_that_others_reach_needs_a_key(host: str) -> None:
    with pytest.raises(GatewayError, match=r"api_key = .* under \[auth\]"):
        check(settings(host=host))
    check(settings(auth=KEY, host=host))


async def test_the_gateway_refuses_to_start_open_to_others(nats_server: NatsServer) -> None:
    async with open_bus(config.Nats(), nats_server.url, "test") as bus:
        with pytest.raises(GatewayError, match="login"):
            async with serve(bus, settings(host="0.0.0.0")):
                pass


async def test_every_answer_tells_browsers_to_be_careful(world: World) -> None:
    async def headers(path: str) -> ClientResponse:
        async with world.http.get(path) as response:
            return response

    for path in ("/api/cameras", "/api/nothing", "/health", "/api/docs"):
        found = (await headers(path)).headers
        assert found["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'self'" in found["Content-Security-Policy"]
        assert "unsafe" not in found["Content-Security-Policy"]
        assert found["Referrer-Policy"] == "no-referrer"
        assert found["Server"] == "edged"
        assert "Access-Control-Allow-Origin" not in found


async def test_a_worker_with_its_token_may_raise_alerts_and_nothing_else(nats_server: NatsServer) -> None:
    for key in ("", HEADER_KEY):
        async with a_world(nats_server, auth=key, worker="for workers") as world:
            said = {"cameraId": "ghost", "rule": "smoke", "message": "smoke"}
            token = {"Authorization": "Bearer for workers"}
            await world.ask("POST", "/api/alerts", 401, json=said)
            await world.ask("POST", "/api/alerts", 401, json=said, headers={"x-api-key": "for worker"})
            if key:
                await world.ask("GET", "/api/alerts", 401, headers=token)
            # 404: it was let through to find that there is no such camera
            await world.ask("POST", "/api/alerts", 404, json=said, headers=token)
            if key:
                await world.ask("POST", "/api/alerts", 404, json=said, headers={"x-api-key": key})
