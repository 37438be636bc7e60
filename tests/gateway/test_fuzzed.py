"""The routes of people, as their OpenAPI document describes them, asked whatever it allows and what it does not."""

import asyncio
from typing import Any

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from edged.gateway.openapi import described
from edged.gateway.routes import ROUTES
from tests.gateway.conftest import World
from tests.gateway.test_identities import enrol
from tests.rigs.gallery import identified

CHECKS = (not_a_server_error, response_schema_conformance, content_type_conformance)
ABOUT = ("/api/identities", "/api/faces", "/api/visitors")
EXAMPLES = 12  # of each route and mode
LONGEST = 8000  # of a URL
SECONDS = 10.0  # an answer may take


def document() -> dict[str, Any]:
    """Only those routes; an enum of ids that there are, so that not everything is 404."""
    whole: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(described(ROUTES)))
    whole["paths"] = {path: item for path, item in whole["paths"].items() if path.startswith(ABOUT)}
    return whole


def named(schema: dict[str, Any], known: dict[str, str]) -> dict[str, Any]:
    for item in schema["paths"].values():
        for operation in item.values():
            for parameter in operation["parameters"]:
                if parameter["in"] == "path":
                    parameter["schema"] = {
                        "anyOf": [{"enum": [known[parameter["name"]]]}, {"type": "string", "minLength": 1}]
                    }
    return schema


def fuzz(url: str, schema: dict[str, Any], mode: GenerationMode) -> int:
    """How many requests were answered as they should be. Blocks."""
    asked = 0
    for result in schemathesis.openapi.from_dict(schema).get_all_operations():
        operation = result.ok()

        @settings(
            max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            nonlocal asked
            response = case.call(base_url=url, timeout=SECONDS)
            asked += 1
            if len(response.request.url) > LONGEST:  # refused before it is anybody's
                assert response.status_code == 400
            else:
                case.validate_response(response, checks=CHECKS)

        ask()
    return asked


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
async def test_whatever_is_asked_is_answered_and_nothing_breaks(peopled: World, mode: GenerationMode) -> None:
    anna = await enrol(peopled, 0, "Anna")
    await peopled.node.tell(identified(anna["id"]))
    visit = await peopled.ask(
        "POST", "/api/visitors", 201, json={"name": "Ben", "host": "Maria", "until": "2100-01-01T00:00:00Z"}
    )
    peopled.node.show("front", 3600)
    known = {"identity": anna["id"], "sample": anna["samples"][0]["id"], "visitor": visit["id"]}
    asked = await asyncio.to_thread(fuzz, peopled.url, named(document(), known), mode)
    assert asked >= 100
    assert "faces" in await peopled.get("/api/faces")
