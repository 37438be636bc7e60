import re
from typing import Any

import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from edged.gateway.app import build
from edged.gateway.docs import rendered
from edged.gateway.openapi import described, path_of
from edged.gateway.routes import ROUTES
from tests.gateway.conftest import World, settings


@pytest.fixture
def document() -> dict[str, Any]:
    return msgspec.json.decode(msgspec.json.encode(described(ROUTES)))  # type: ignore[no-any-return]


def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(document).validate()


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    names = set(re.findall(r'"#/components/schemas/(\w+)"', msgspec.json.encode(document).decode()))
    assert names <= document["components"]["schemas"].keys()
    assert {"View", "NewCamera", "CameraPatch", "Health", "Alert", "Detections", "ErrorReply"} <= names


async def test_what_is_served_is_described_and_the_other_way_round(world: World) -> None:
    described = await world.get("/api/openapi.json")
    app = build(world.node.bus, settings())
    served = {
        (route.method, re.sub(r"{(\w+):.*}", r"{\1}", route.resource.canonical))
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    listed = {(method.upper(), path) for path, item in described["paths"].items() for method in item}
    assert served - listed == {("GET", "/{path}")}
    assert listed <= served
    assert len(listed) == len(ROUTES) - 1


def test_no_two_operations_share_a_name(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert len(names) == len(set(names))


def test_parameters_say_what_they_take(document: dict[str, Any]) -> None:
    found = {each["name"]: each for each in document["paths"]["/api/alerts"]["get"]["parameters"]}
    assert list(found) == ["cameraId", "rule", "severity", "from", "to", "acknowledged", "page", "limit"]
    assert found["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 500, "default": 50}
    camera = document["paths"]["/api/media/mjpeg"]["get"]["parameters"]
    assert [each["name"] for each in camera if each["required"]] == ["camera"]


def test_the_page_names_every_route_and_loads_nothing(document: dict[str, Any]) -> None:
    page = rendered(document)
    for route in ROUTES:
        assert not route.listed or path_of(route) in page
    assert not re.search(r"""<(script|link|img|iframe)|(src|href)=["']?(https?:)?//""", page)


async def test_the_page_is_allowed_its_own_style(world: World) -> None:
    async with world.http.get("/api/docs") as response:
        assert response.content_type == "text/html"
        assert "style-src 'sha256-" in response.headers["Content-Security-Policy"]
