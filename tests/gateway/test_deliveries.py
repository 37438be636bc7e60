"""Alerts of the bus into a mailbox and a webhook, and the test buttons."""

import asyncio
from pathlib import Path

from edged import config
from tests.delivery.test_mail import JPEG
from tests.delivery.test_outgoing import SECRET, Receiver
from tests.gateway.conftest import World
from tests.rigs.facts import snapshot
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
            await world.node.bus.pictures.put("front/a1.jpg", JPEG, snapshot("shot", 0.7, "front/a1.jpg"))
            await world.node.alert("a1", severity="alarm", snapshot="front/a1.jpg")
            await world.node.alert("a1", severity="alarm", snapshot="front/a1.jpg")
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
    alarm, test = box.mails
    [picture] = [part for part in alarm.walk() if part.get_content_type() == "image/jpeg"]
    assert picture.get_content() == JPEG
    assert "test" in test["Subject"]


async def test_a_dead_letter_is_shown_and_can_be_sent_again(world: World, tmp_path: Path) -> None:
    receiver = Receiver(statuses=[403])
    hook = config.Webhook(name="desk", url=f"http://127.0.0.1:{receiver.port}/hook", secret=SECRET)
    async with receiver.running(), keeping_history(world.node, tmp_path / "state", config.Config(webhooks=(hook,))):
        await world.until_answered("/api/deliveries")
        await world.node.alert("a1", snapshot=None)
        found = await world.until("/api/deliveries?state=dead", lambda found: found["deliveries"])
        assert found["dead"] == 1
        [letter] = found["deliveries"]
        assert (letter["id"], letter["tries"]) == ("desk.a1", 1)
        assert "answers 403" in letter["error"]
        await world.ask("POST", "/api/deliveries/desk.a1/retry")
        await receiver.has(1)
        await world.until("/api/deliveries", lambda found: found["dead"] == found["waiting"] == 0)
    assert receiver.got == ["a1"]


async def test_a_test_button_without_its_delivery_says_so(kept: World) -> None:
    answer = await kept.ask("POST", "/api/deliveries/email/test", 503)
    assert "email" in answer["error"]["message"]
