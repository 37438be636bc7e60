import pytest

from edged.gateway.janus.rules import PLUGIN, refusal, with_secret


@pytest.mark.parametrize(
    "said",
    [
        {"janus": "create"},
        {"janus": "attach", "plugin": PLUGIN},
        {"janus": "message", "body": {"request": "watch", "id": 1}},
        {"janus": "trickle", "candidate": {}},
        {"janus": "keepalive"},
    ],
)
def test_watching_is_passed_on(said: object) -> None:
    assert refusal(said) == ""


@pytest.mark.parametrize(
    "said",
    [
        [], "create", {}, {"janus": 1}, {"janus": "list_sessions"},
        {"janus": "attach", "plugin": "janus.plugin.videoroom"}, {"janus": "attach"},
        {"janus": "message"}, {"janus": "message", "body": []}, {"janus": "message", "body": {"request": ["list"]}},
        *({"janus": "message", "body": {"request": verb}} for verb in ("create", "destroy", "edit", "recording", "kick_all")),
    ],
)  # fmt: skip
def test_what_changes_anything_or_makes_no_sense_is_not(said: object) -> None:
    assert refusal(said)


def test_a_viewers_own_secret_does_not_count() -> None:
    assert with_secret({"janus": "create", "apisecret": "guess"}, "real") == {"janus": "create", "apisecret": "real"}
