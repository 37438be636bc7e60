"""What a viewer may say to Janus through us: watch what its streaming plugin shows, and change nothing. Pure."""

from typing import Any

PLUGIN = "janus.plugin.streaming"
_VERBS = ("create", "attach", "message", "trickle", "keepalive", "hangup", "detach", "destroy", "claim", "info", "ping")
_REQUESTS = ("list", "info", "watch", "start", "pause", "stop", "switch", "configure")


def refusal(said: object) -> str:
    """Why this is not passed on; empty: it may be."""
    if not isinstance(said, dict):
        return "a message to Janus is a JSON object"
    verb = said.get("janus")
    if verb not in _VERBS:
        return f"{_quoted(verb)} is not passed on to Janus: {', '.join(_VERBS)} are"
    if verb == "attach" and said.get("plugin") != PLUGIN:
        return f"{_quoted(said.get('plugin'))} is not passed on to Janus: attach to {PLUGIN}"
    if verb == "message":
        body = said.get("body")
        request = body.get("request") if isinstance(body, dict) else None
        if request not in _REQUESTS:
            return f"{_quoted(request)} is not passed on to Janus: {', '.join(_REQUESTS)} are; `edged janus check --create` creates"
    return ""


def with_secret(said: dict[str, Any], secret: str) -> dict[str, Any]:
    """The message as Janus takes it; a viewer neither needs nor learns the secret."""
    return {**said, "apisecret": secret} if secret else said


def _quoted(word: object) -> str:
    return repr(word)[:60] if isinstance(word, str) else "nothing"
