import asyncio


class HandlerError(Exception): ...


async def run_handlers(config, bus):
    await asyncio.Event().wait()
