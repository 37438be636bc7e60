import asyncio
import signal
from datetime import UTC, datetime

import msgspec
import pytest

from edged.bus.link import BusError, Delivery, Refused, Unanswered, connect
from edged.messages import NodeHealth
from tests.rigs.nats import NatsServer, free_port


def health(uptime: float) -> NodeHealth:
    return NodeHealth(
        site="s", node="n", camera="_", time=datetime.now(UTC), version="0", uptime=uptime, cameras=0, model="",
        runtime="", device="", detector_busy=0, cpu=0, rss=0, loop_lag_ms=0, outbox_pending=0, notices=(),
    )  # fmt: skip


async def test_a_subscriber_hears_what_is_published(nats_server: NatsServer) -> None:
    async with connect(nats_server.url, "test") as link, link.subscribe("edged.v1.*.*.*.health") as inbox:
        await link.publish(health(1.5))
        delivery = await inbox.get()
    assert delivery.subject == "edged.v1.s.n._.health"
    assert msgspec.json.decode(delivery.data, type=NodeHealth).uptime == 1.5


async def test_no_server_is_one_sentence_naming_the_key() -> None:
    with pytest.raises(BusError, match=r"nats\.url"):
        async with connect(f"nats://127.0.0.1:{free_port()}", "test", timeout=0.5):
            pass


async def test_a_request_is_answered_refused_or_unanswered(nats_server: NatsServer) -> None:
    async def reply(request: Delivery) -> tuple[bytes, dict[str, str]]:
        if request.data == b"no":
            raise Refused("forbidden", "not that")
        return request.data.upper(), {"Kind": "echo"}

    async with connect(nats_server.url, "asker") as asker, connect(nats_server.url, "answerer") as answerer:
        async with answerer.answer("node", {"echo": ("echo.*", reply)}):
            answer = await asker.ask("echo.a", b"hi")
            assert (answer.data, answer.headers["Kind"]) == (b"HI", "echo")
            with pytest.raises(Refused, match="not that") as refusal:
                await asker.ask("echo.a", b"no")
            assert refusal.value.code == "forbidden"
        with pytest.raises(Unanswered, match=r"echo\.a"):
            await asker.ask("echo.a", b"hi")


async def test_work_on_a_connection_that_is_lost_is_given_up_at_once(nats_server: NatsServer) -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with connect(nats_server.url, "test") as link:
        working = asyncio.create_task(link.while_it_lasts(work()))
        await asyncio.sleep(0)
        await nats_server.stop(signal.SIGKILL)
        await nats_server.start()
        with pytest.raises(BusError, match="lost meanwhile"):
            async with asyncio.timeout(10):
                await working
    assert ended.is_set()


async def test_a_slow_answer_does_not_hold_up_others(nats_server: NatsServer) -> None:
    release = asyncio.Event()

    async def reply(request: Delivery) -> tuple[bytes, dict[str, str]]:
        if request.data == b"slow":
            await release.wait()
        return request.data, {}

    async with connect(nats_server.url, "test") as link, link.answer("node", {"echo": ("echo", reply)}):
        slow = asyncio.create_task(link.ask("echo", b"slow"))
        assert (await link.ask("echo", b"quick")).data == b"quick"
        release.set()
        assert (await slow).data == b"slow"


async def test_after_the_broker_was_killed_the_link_is_back_and_subscriptions_live(nats_server: NatsServer) -> None:
    async with connect(nats_server.url, "test") as link, link.subscribe("edged.v1.*.*.*.health") as inbox:
        seen = link.connections
        await nats_server.stop(signal.SIGKILL)
        await link.publish(health(1))  # nobody there: dropped or sent late, never an error
        await nats_server.start()
        async with asyncio.timeout(10):
            await link.connection_after(seen)
            await link.publish(health(2))
            while msgspec.json.decode((await inbox.get()).data, type=NodeHealth).uptime != 2:
                pass
