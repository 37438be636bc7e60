import re

from prometheus_client.parser import text_string_to_metric_families

from tests.gateway.conftest import World

# what promtool check metrics complains about
NOT_BASE_UNITS = re.compile(r"_(milliseconds|ms|minutes|hours|bits|kilobytes|megabytes|percent|celcius)(_|$)")


async def figures(world: World) -> dict[str, list[tuple[dict[str, str], float]]]:
    text = (await world.get("/metrics")).decode()
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


async def test_cameras_and_nodes_have_their_figures(world: World) -> None:
    await world.node.add("back")
    await world.node.healthy("front")
    await world.until("/api/cameras?status=running", lambda found: found["total"] == 1)
    await world.until("/api/cameras", lambda found: found["total"] == 2)
    found = await figures(world)
    front = {"site": "home", "node": "edge", "camera": "front"}
    assert found["edged_camera_frames_total"] == [(front, 2500)]
    assert found["edged_camera_received_bytes_per_second"] == [(front, 500_000)]
    assert found["edged_camera_frame_age_seconds"] == [(front, 0.024)]
    assert ({**front, "reason": "replaced"}, 3) in found["edged_camera_dropped_frames_total"]
    assert found["edged_camera_status"] == [
        ({**front, "camera": "back", "status": "silent"}, 1),
        ({**front, "status": "running"}, 1),
    ]
    node = {"site": "home", "node": "edge"}
    assert found["edged_node_resident_memory_bytes"] == [(node, 120_000_000)]
    assert found["edged_node_loop_lag_seconds"] == [(node, 0.002)]
    assert found["edged_gateway_bus_connected"] == [({}, 1)]


async def test_requests_are_counted_under_a_bounded_number_of_names(world: World) -> None:
    for path in ("/api/cameras/a", "/api/cameras/b", "/x", "/y"):
        await world.get(path, 404)
    await world.ask("PUT", "/api/nowhere", 404)
    found = await figures(world)
    counted = {(labels["route"], labels["status"]): value for labels, value in found["edged_gateway_requests_total"]}
    assert counted["/api/cameras/{camera}", "404"] == 2
    assert counted["unknown", "404"] == 1
    assert not any("/x" in route for route, _ in counted)
    assert any(name.startswith("edged_gateway_request_duration_seconds") for name in found)


async def test_names_and_units_are_as_prometheus_wants_them(world: World) -> None:
    await world.node.healthy("front")
    await world.until("/api/cameras?status=running", lambda found: found["total"] == 1)
    text = (await world.get("/metrics")).decode()
    families = list(text_string_to_metric_families(text))
    assert len(families) > 30
    for family in families:
        assert re.fullmatch(r"edged_(gateway|node|camera)_[a-z_]+", family.name)
        assert family.documentation.endswith(".")
        assert not NOT_BASE_UNITS.search(family.name), family.name
        assert family.type != "unknown"
        for sample in family.samples:
            assert family.type != "counter" or sample.name.endswith(("_total", "_created"))
            assert family.type != "gauge" or not sample.name.endswith(("_total", "_count", "_sum", "_bucket"))
