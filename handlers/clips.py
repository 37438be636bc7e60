"""Asks the box that has the camera to keep a clip of each alert, from before it began to after it was raised. `[clips]` says how long."""

from datetime import timedelta

import structlog

from edged.asking import ClipRequest
from edged.handlers import HandlerBus, on
from edged.messages import AlertRaised
from edged.subjects import Address

log = structlog.get_logger()


@on(AlertRaised)
async def record(alert: AlertRaised, bus: HandlerBus) -> None:
    if not alert.wants_clip:
        return
    before, after = timedelta(seconds=bus.config.clips.before), timedelta(seconds=bus.config.clips.after)
    wanted = ClipRequest(id=alert.id, session=alert.session, since=alert.since - before, until=alert.time + after)
    if refusal := await bus.ask(Address(alert.site, alert.node, alert.camera), "record", wanted):
        log.warning("no clip", alert=alert.id, reason=refusal)
