"""An example to copy into your own folder (`handlers.dir`) and change: light in the yard when an alarm is raised at night."""

import asyncio
from urllib.request import urlopen

from edged.handlers import on
from edged.messages import AlertRaised

LIGHT = "http://light.local/relay/0?turn=on&timer=180"


@on(AlertRaised)
async def light_the_yard(alert, bus):
    hour = alert.time.astimezone().hour
    if alert.severity == "alarm" and (hour >= 22 or hour < 6):
        await asyncio.to_thread(urlopen, LIGHT, None, 5)
