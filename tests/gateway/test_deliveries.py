"""Alerts of the bus into a mailbox and a webhook, and the test buttons."""

import asyncio
from pathlib import Path

from edged import config
from tests.delivery.test_outgoing import SECRET, Receiver
from tests.gateway.conftest import World
from tests.rigs.mail import mail_server
from tests.rigs.node import keeping_history


async def test_an_alert_is_mailed_and_posted_once(world: World, tmp_path: Path) -> None:
    receiver = Receiver()
    with mail_server() as box:
        settings = config.Config(
            email=config.Email(host="127.0.0.1", port=box.port, security="plain", sender="a@example.org", to=("b@example.org",)),
            webhooks=(config.Webhook(name="desk", url=f"http://127.0.0.1:{receiver.port}/hook", secret=SECRET),),
        )  # fmt: skip
        async with receiver.running(), keeping_history(world.node, tmp_path / "state", settings):
            await world.until_answered("/api/alerts")
            await world.node.alert("a1", severity="alarm", snapshot=None)
            await world.node.alert("a1", severity="alarm", snapshot=None)
            await receiver.has(1)
            async with asyncio.timeout(20):
                while not box.mails:
                    await asyncio.sleep(0.01)
            found = await world.until("/api/deliveries?state=done", lambda found: len(found["deliveries"]) == 2)
            assert {each["id"] for each in found["deliveries"]} == {"email.a1", "desk.a1"}
            assert (found["waiting"], found["dead"]) == (0, 0)
            await world.ask("POST", "/api/deliveries/email/test")
            await world.ask("POST", "/api/deliveries/webhooks/desk/test")
            answer = await world.ask("POST", "/api/deliveries/webhooks/ghost/test", 404)
            assert "known are desk" in answer["error"]["message"]
            await world.ask("POST", "/api/deliveries/ghost/retry", 404)
    assert receiver.got == ["a1", "test"]
    assert len(box.mails) == 2


async def test_a_test_button_without_its_delivery_says_so(kept: World) -> None:
    answer = await kept.ask("POST", "/api/deliveries/email/test", 503)
    assert "email" in answer["error"]["message"]
