"""Keeps the best picture of each track under its key, where `/api/snapshots/{key}` finds it. The store forgets the oldest by itself."""

from edged.handlers import HandlerBus, on
from edged.messages import Snapshot


@on(Snapshot)
async def keep_the_best(snapshot: Snapshot, bus: HandlerBus, jpeg: bytes) -> None:
    stored = await bus.pictures.meta(snapshot.key)
    if stored is None or snapshot.quality > stored.quality:
        await bus.pictures.put(snapshot.key, jpeg, snapshot)
