"""Keeps what happened in history.db, answers what is asked about it, and takes in corrections, acknowledgements and outside alerts."""

from edged import timezone
from edged.handlers import HandlerBus, service
from edged.history.archive import open_archive
from edged.history.desk import Desk
from edged.history.recorder import Recorder


@service
async def run(bus: HandlerBus) -> None:
    async def lines() -> set[str]:
        records = await bus.cameras.all()
        return {f"{key}.{line.id}" for key, record in records.items() for line in record.camera.lines}

    here = timezone.TimeZone(timezone.named(bus.config.time_zone))
    async with open_archive(bus.state / "history.db", here) as archive:
        desk = Desk(archive, bus.config, bus.publish_fact, lines)
        async with bus.link.answer("edged-history", {"history": (bus.subject("history"), desk.answer)}):
            await Recorder(bus.facts, archive, bus.config.history).run()
