"""The OpenAPI 3.1 document, made from the route table and the Structs. https://spec.openapis.org/oas/v3.1.1"""

import re
from typing import Any

import msgspec
from msgspec import Struct

from edged import __version__
from edged.gateway.errors import ErrorReply
from edged.gateway.pictures import Said
from edged.gateway.routes import WEBSOCKET, Route
from edged.gateway.wire import NoQuery

_ERROR = {
    "description": "What went wrong, where, and what to do next.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorReply"}}},
}
_RAW: dict[str, Any] = {
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "properties": {"picture": {"type": "string", "contentMediaType": "image/*"}},
            "required": ["picture"],
        }
    }
}
_PARAMETER = re.compile(r"{(\w+)(?::[^}]*)?}")
_ABOUT = {
    "camera": "Its id; `node.id` or `site.node.id` where several cameras share the id.",
    "session": "As it was named when it began; of Janus also `info`.",
    "handle": "As Janus numbered it.",
    "alert": "Its id.",
    "rule": "Its name; `site.node.name` for a rule of one box alone.",
    "counter": "The id of a counter, or a line as `camera.line`.",
    "report": "`counts`, `person`, `vehicle`, `zones` or `ppe`.",
    "delivery": "As the list names it.",
    "webhook": "Its name in the configuration.",
    "identity": "As lists name it.",
    "sample": "As its identity names it.",
    "visitor": "Its id.",
    "key": "As an alert names it in `snapshot`.",
}


def described(routes: tuple[Route, ...]) -> dict[str, Any]:
    """The document; routes that are not part of the API are left out."""
    listed = [route for route in routes if route.listed]
    structs = [kind for route in listed for kind in (route.reply, route.query, route.body) if isinstance(kind, type)]
    schemas, components = msgspec.json.schema_components(
        [*structs, Said, ErrorReply], ref_template="#/components/schemas/{name}"
    )
    of = dict(zip([*structs, Said, ErrorReply], schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in listed:
        paths.setdefault(path_of(route), {})[route.method.lower()] = _operation(route, of, components)
    used = {route.query.__name__ for route in listed}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "edged gateway",
            "version": __version__,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            "description": "Cameras, what they see now, and what happened.",
        },
        "servers": [{"url": "/"}],
        "security": [{"header": []}, {"bearer": []}, {"query": []}],
        "paths": paths,
        "components": {
            "schemas": {name: schema for name, schema in components.items() if name not in used},
            "securitySchemes": {
                "header": {"type": "apiKey", "in": "header", "name": "x-api-key"},
                "bearer": {"type": "http", "scheme": "bearer"},
                "query": {"type": "apiKey", "in": "query", "name": "api_key"},
            },
        },
    }


def path_of(route: Route) -> str:
    """The path as OpenAPI writes it: without the patterns of its parameters."""
    return _PARAMETER.sub(r"{\1}", route.path)


def _operation(route: Route, of: dict[Any, dict[str, Any]], components: dict[str, Any]) -> dict[str, Any]:
    name = "_".join([route.method.lower(), *re.findall(r"\w+", path_of(route))])
    operation: dict[str, Any] = {
        "operationId": name,
        "summary": route.summary,
        "parameters": [*_in_path(route), *_in_query(route.query, components)],
        "responses": {str(route.status): _response(route, of), "default": _ERROR},
    }
    taken: dict[str, Any] = {media: _RAW.get(media, {}) for media in route.takes}
    if route.body is not None:
        taken["application/json"] = {"schema": of[route.body]}
    if taken:
        operation["requestBody"] = {"required": True, "content": taken}
    if route.login == "none":
        operation["security"] = []
    return operation


def _in_path(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "description": _ABOUT[name], "schema": {"type": "string"}}
        for name in _PARAMETER.findall(route.path)
    ]


def _in_query(query: type[Struct], components: dict[str, Any]) -> list[dict[str, Any]]:
    if query is NoQuery:
        return []
    schema = components[query.__name__]
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "description": about.get("description", ""),
            "schema": {key: value for key, value in about.items() if key != "description"},
        }
        for name, about in schema.get("properties", {}).items()
    ]


def _response(route: Route, of: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    match route.reply:
        case "":
            return {"description": "Done."}
        case str() as kind if kind == WEBSOCKET:
            return {"description": "A WebSocket; the gateway's manual (docs/gateway.md) says what is spoken on it."}
        case str() as kind:
            return {"description": route.summary, "content": {kind: {}}}
        case struct:
            content = {"application/json": {"schema": of[struct]}} | {kind.partition(";")[0]: {} for kind in route.also}
            return {"description": route.summary, "content": content}
