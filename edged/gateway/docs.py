"""The API's description: as JSON for programs, as a plain page for people."""

import base64
import hashlib
from html import escape
from typing import Any

import msgspec
from aiohttp import web

from edged.gateway.headers import policy
from edged.gateway.wire import reply

DOCUMENT = web.AppKey("document", dict[str, Any])

_STYLE = """
:root{color-scheme:light dark;font:14px/1.5 system-ui,sans-serif}
body{max-width:60rem;margin:2rem auto;padding:0 1rem}
h2{margin:2rem 0 .25rem;font-size:1rem}
code,pre{font:13px/1.45 ui-monospace,monospace}
pre{overflow:auto;padding:.75rem;border:1px solid #8884;border-radius:8px}
table{border-collapse:collapse}td,th{padding:.15rem 1rem .15rem 0;text-align:left;vertical-align:top}
p{margin:.25rem 0}.method{display:inline-block;min-width:4.5rem;font-weight:600}
summary{cursor:pointer}
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = f"{policy()}; style-src 'sha256-{_HASH}'"


async def document(request: web.Request) -> web.Response:
    return reply(request.app[DOCUMENT])


async def page(request: web.Request) -> web.Response:
    return web.Response(
        text=rendered(request.app[DOCUMENT]),
        content_type="text/html",
        headers={"Content-Security-Policy": _POLICY},
    )


def rendered(document: dict[str, Any]) -> str:
    """The OpenAPI document as one HTML page that loads nothing."""
    operations = [
        _operation(method, path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]
    schemas = [_schema(name, schema) for name, schema in sorted(document["components"]["schemas"].items())]
    title = f"{document['info']['title']} {document['info']['version']}"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style><h1>{escape(title)}</h1>"
        f'<p>{escape(document["info"]["description"])} Also as <a href="openapi.json">openapi.json</a>. '
        f"With an API key set, send it as <code>x-api-key</code>, as <code>Authorization: Bearer</code> "
        f"or as <code>?api_key=</code>.</p>{''.join(operations)}<h1>Types</h1>{''.join(schemas)}</html>"
    )


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(each['name'])}</code><td>{escape(each['in'])}<td>{_kind(each['schema'])}"
        f"<td>{escape(each['description'])}"
        for each in operation["parameters"]
    )
    table = f"<table><tr><th>Parameter<th>in<th>type<th>{rows}</table>" if rows else ""
    body = operation.get("requestBody")
    sent = f"<p>Body: {_content(body)}</p>" if body else ""
    answers = "".join(
        f"<p>{escape(status)}: {_content(response) or escape(response['description'])}</p>"
        for status, response in operation["responses"].items()
        if status != "default"
    )
    return (
        f"<section><h2><span class=method>{escape(method.upper())}</span><code>{escape(path)}</code></h2>"
        f"<p>{escape(operation['summary'])}</p>{table}{sent}{answers}</section>"
    )


def _content(part: dict[str, Any]) -> str:
    return ", ".join(
        _kind(content["schema"]) if "schema" in content else f"<code>{escape(media)}</code>"
        for media, content in part.get("content", {}).items()
    )


def _kind(schema: dict[str, Any]) -> str:
    """A schema in a few words."""
    if reference := schema.get("$ref"):
        name = escape(reference.rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if choices := schema.get("enum"):
        return " | ".join(f"<code>{escape(str(choice))}</code>" for choice in choices)
    if either := schema.get("anyOf"):
        return " or ".join(_kind(each) for each in either)
    return escape(str(schema.get("type", "anything")))


def _schema(name: str, schema: dict[str, Any]) -> str:
    text = escape(msgspec.json.format(msgspec.json.encode(schema), indent=2).decode())
    return f'<details id="{escape(name)}"><summary>{escape(name)}</summary><pre>{text}</pre></details>'
