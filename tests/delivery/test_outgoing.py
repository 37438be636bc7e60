import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from aiohttp import ClientSession, web

from edged import config
from edged import questions as q
from edged.bus.link import Delivery, Refused
from edged.delivery.outgoing import Outgoing, open_outgoing, sample
from edged.delivery.webhook import Webhook
from edged.messages import AlertRaised
from tests.rigs.nats import free_port

SECRET = "not a secret here"
IN_HASTE = (0.02, 0.1)


def alert(id: str) -> AlertRaised:
    return msgspec.structs.replace(sample(), id=id)


def expected(stamp: str, body: bytes) -> str:
    """The signature as docs/history.md tells a receiver to work it out."""
    return "v1=" + hmac.new(SECRET.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


@dataclass
class Receiver:
    """An HTTP server that keeps what it is sent, and answers as told."""

    port: int = field(default_factory=free_port)
    statuses: list[int] = field(default_factory=list)
    got: list[str] = field(default_factory=list)
    refused: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self, request: web.Request) -> web.Response:
        body, stamp = await request.read(), request.headers["Edged-Timestamp"]
        assert hmac.compare_digest(request.headers["Edged-Signature"], expected(stamp, body))
        self.arrived.set()
        if self.statuses and (status := self.statuses.pop(0)) != 200:
            self.refused += 1
            return web.Response(status=status)
        said = msgspec.json.decode(body)
        assert said["id"] == request.headers["Edged-Delivery"]
        self.got.append(said["alert"]["id"])
        return web.Response()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_post("/hook", self.receive)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        try:
            yield
        finally:
            await runner.cleanup()

    async def has(self, count: int) -> None:
        async with asyncio.timeout(20):
            while len(self.got) < count:
                self.arrived.clear()
                await self.arrived.wait()


@asynccontextmanager
async def sending(path: Path, receiver: Receiver, secret: str = SECRET) -> AsyncIterator[Outgoing]:
    hook = config.Webhook(name="desk", url=f"http://127.0.0.1:{receiver.port}/hook", secret=secret, timeout=5)
    async with ClientSession() as session, open_outgoing(path, {"desk": Webhook(hook, session)}, IN_HASTE) as outgoing:
        task = asyncio.create_task(outgoing.run())
        try:
            yield outgoing
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def listed(outgoing: Outgoing, state: str = "") -> q.DeliveriesAnswer:
    asked = q.Deliveries(state=state)  # type: ignore[arg-type]
    data, _ = await outgoing.answer(Delivery("", msgspec.json.encode(asked), {}))
    return msgspec.json.decode(data, type=q.DeliveriesAnswer)


async def until(outgoing: Outgoing, state: str, count: int) -> q.DeliveriesAnswer:
    async with asyncio.timeout(20):
        while len((found := await listed(outgoing, state)).deliveries) < count:
            await asyncio.sleep(0.01)
    return found


async def test_a_receiver_that_was_down_gets_everything_once(tmp_path: Path) -> None:
    receiver = Receiver()
    async with sending(tmp_path / "d.db", receiver) as outgoing:
        for n in range(20):
            await outgoing.add(alert(str(n)))
            await outgoing.add(alert(str(n)))
        async with asyncio.timeout(10):
            while not any(each.tries for each in (await listed(outgoing)).deliveries):
                await asyncio.sleep(0.01)
    async with sending(tmp_path / "d.db", receiver) as outgoing, receiver.running():
        receiver.statuses = [503, 500, 429, 200, 502]
        await receiver.has(20)
        await until(outgoing, "done", 20)
        await outgoing.add(alert("3"))
        assert (await listed(outgoing)).waiting == 0
    assert sorted(receiver.got) == sorted(str(n) for n in range(20))
    assert receiver.refused == 4


async def test_a_refusal_for_good_is_a_dead_letter_until_it_is_tried_again(tmp_path: Path) -> None:
    receiver = Receiver(statuses=[403])
    async with receiver.running(), sending(tmp_path / "d.db", receiver) as outgoing:
        await outgoing.add(alert("1"))
        await outgoing.add(alert("2"))
        [dead] = (await until(outgoing, "dead", 1)).deliveries
        assert (dead.id, dead.tries) == ("desk.1", 1)
        assert "answers 403" in dead.error
        await receiver.has(1)
        assert receiver.got == ["2"]
        await outgoing.answer(Delivery("", msgspec.json.encode(q.Retry(id="desk.1")), {}))
        await receiver.has(2)
        with pytest.raises(Refused, match="ghost"):
            await outgoing.answer(Delivery("", msgspec.json.encode(q.Retry(id="ghost")), {}))


async def test_the_test_button_says_what_went_wrong(tmp_path: Path) -> None:
    receiver = Receiver()
    press = Delivery("", msgspec.json.encode(q.Test(name="desk")), {})
    async with sending(tmp_path / "d.db", receiver) as outgoing:
        with pytest.raises(Refused, match="webhook desk cannot be reached"):
            await outgoing.answer(press)
        async with receiver.running():
            await outgoing.answer(press)
        assert receiver.got == ["test"]
        with pytest.raises(Refused, match="known are desk"):
            await outgoing.answer(Delivery("", msgspec.json.encode(q.Test(name="ghost")), {}))


async def test_severities_choose_what_is_delivered(tmp_path: Path) -> None:
    async with ClientSession() as session:
        hook = Webhook(config.Webhook(name="desk", url="http://127.0.0.1:1", severities=("alarm",)), session)
        assert not hook.wants(alert("1"))
        assert hook.wants(msgspec.structs.replace(alert("1"), severity="alarm"))
