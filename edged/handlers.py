"""Handlers: files that hear of something and do something about it. `@on(…)` marks a function in such a file; this module runs them.

    from edged.handlers import on
    from edged.messages import AlertRaised

    @on(AlertRaised)
    async def ring_the_bell(alert, bus):
        ...

Facts come one after the other, each until the function returned once without an error: five tries, then a warning. What was already dealt with
does not come again after a restart. Frame traffic (`Detections`, `CameraHealth`, `NodeHealth`) comes as it is, newest wins.
A function with a third parameter is also given the payload: the JPEG of a `Snapshot`.
"""

import asyncio
import importlib.util
import inspect
import re
import sys
import time
import traceback
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import structlog

from edged import messages as m
from edged import settings, shipped, subjects
from edged.asking import CameraRecord, RuleRecord
from edged.bus.bus import Bus
from edged.bus.deliveries import FactDelivery
from edged.bus.facts import Facts
from edged.bus.jobs import Jobs
from edged.bus.link import Link, Refused
from edged.bus.pictures import Pictures
from edged.bus.tables import Table
from edged.config import Config
from edged.subjects import Address

log = structlog.get_logger()

MARK = "_edged_hears"
TRIES = 5
SECONDS = 30.0  # one call of a handler
NO_ROOM = 5.0  # seconds between two tries while the disk is full
NEWEST = 16  # messages of frame traffic that may wait
LOG_PERIOD = 10.0
RESTART = (1.0, 60.0)
FACTS = frozenset((*subjects.FACT_KINDS, *subjects.PICTURE_KINDS, *subjects.PPE_KINDS, *subjects.FACE_KINDS))

F = TypeVar("F", bound=Callable[..., Awaitable[None]])
_decode: Callable[[bytes], m.AnyMessage] = msgspec.json.Decoder(m.AnyMessage).decode


def on(*types: type[m.Message]) -> Callable[[F], F]:
    """The function is called with each message of these types: `async def function(message, bus)`."""
    unknown = [kind for kind in types if kind not in subjects.KINDS]
    if unknown or not types:
        raise TypeError(f"@on wants message types of edged.messages, such as AlertRaised, not {unknown}")
    return _marked(types)


def service(function: F) -> F:
    """The function runs as long as the daemon: `async def function(bus)`. It is started again if it fails."""
    return _marked(())(function)


def _marked(types: tuple[type[m.Message], ...]) -> Callable[[F], F]:
    def mark(function: F) -> F:
        is_async: bool = inspect.iscoroutinefunction(function)
        if not is_async:
            raise TypeError(f"{getattr(function, '__name__', function)} must be `async def`")
        setattr(function, MARK, types)
        return function

    return mark


@dataclass(frozen=True)
class HandlerBus:
    """What a handler has of the world. `began` is when the daemon was started."""

    config: Config
    link: Link
    facts: Facts
    pictures: Pictures
    cameras: Table[CameraRecord]
    rules: Table[RuleRecord]
    jobs: Jobs
    began: datetime

    async def publish_fact(self, fact: m.AnyFact, payload: bytes = b"") -> None:
        """Returns when the fact is safe on disk; the same id twice is one fact."""
        await self.facts.publish(fact, payload)

    async def ask(self, address: Address, verb: str, wanted: msgspec.Struct) -> str:
        """Asks the box that has this camera; the sentence with which it refuses, or empty. Raises BusError when it cannot be reached."""
        try:
            await self.link.ask(subjects.on(address, verb), msgspec.json.encode(wanted))
        except Refused as refusal:
            return str(refusal)
        return ""

    @property
    def state(self) -> Path:
        """Where what must survive a restart is kept."""
        return settings.state_dir(self.config)

    def subject(self, kind: str) -> str:
        """Where this box is asked for something of its own."""
        return subjects.on(Address(self.config.site, self.config.node, subjects.NODE_ITSELF), kind)

    def durable(self, name: str) -> str:
        """`name` as this box's own: other boxes on the same broker hear everything too, under theirs."""
        return re.sub(r"[^A-Za-z0-9_-]", "_", f"{self.config.site}_{self.config.node}-{name}")

    def consume(self, kind: str, name: str) -> AsyncGenerator[FactDelivery, None]:
        """The facts of a kind for the durable consumer `name` of this box, as `Facts.consume` gives them."""
        return self.facts.consume(kind, self.durable(name))


@dataclass(frozen=True)
class Handler:
    """One marked function. `name` is `<file>.<function>`."""

    name: str
    types: tuple[type[m.Message], ...]
    call: Callable[..., Awaitable[None]]
    wants_payload: bool


class Handlers:
    """`run()` loads what `config.handlers` names and runs it. A file or function that fails is logged, and never stops the others."""

    def __init__(self, config: Config, bus: Bus) -> None:
        self._config = config
        self._link = bus.link
        self._bus = HandlerBus(
            config, bus.link, bus.facts, bus.pictures, bus.cameras, bus.rules, bus.jobs, datetime.now(UTC)
        )

    async def run(self) -> None:
        handlers = await asyncio.to_thread(load_all, self._config.handlers.run, self._config.handlers.dir)
        log.info("handlers loaded", handlers=[handler.name for handler in handlers])
        async with asyncio.TaskGroup() as tasks:
            for handler in handlers:
                if not handler.types:
                    tasks.create_task(self._serve(handler))
                for kind in {subjects.KINDS[type_] for type_ in handler.types}:
                    hear = self._hear_facts if kind in FACTS else self._hear_traffic
                    tasks.create_task(hear(handler, kind))

    async def _serve(self, handler: Handler) -> None:
        shortest, longest = RESTART
        wait = shortest
        while True:
            began = time.monotonic()
            try:
                return await handler.call(self._bus)
            except Exception as error:  # an owner's code may raise anything
                if time.monotonic() - began > longest:
                    wait = shortest
                log.error("handler failed", handler=handler.name, error=place_of(error), retry_in=wait)
            await asyncio.sleep(wait)
            wait = min(2 * wait, longest)

    async def _hear_facts(self, handler: Handler, kind: str) -> None:
        failures: dict[str, int] = {}
        async with aclosing(self._bus.consume(kind, f"{handler.name}-{kind}")) as deliveries:
            async for delivery in deliveries:
                if isinstance(delivery.fact, handler.types):
                    await self._try(handler, delivery, failures)
                else:
                    await delivery.ack()

    async def _try(self, handler: Handler, delivery: FactDelivery, failures: dict[str, int]) -> None:
        id = delivery.fact.id
        payload = (delivery.data,) if handler.wants_payload else ()
        try:
            async with asyncio.timeout(SECONDS):
                await handler.call(delivery.fact, self._bus, *payload)
        except Exception as error:  # an owner's code may raise anything
            no_room = bool(self._link.trouble())  # that is not the handler's fault: it is tried until there is
            failures[id] = failures.get(id, 0) + (not no_room)
            if failures[id] < TRIES:
                wait = NO_ROOM if no_room else 2.0 ** failures[id] / 2
                log.warning("handler failed", handler=handler.name, fact=id, error=place_of(error), retry_in=wait)
                await delivery.again(wait)
                return
            log.error("fact set aside", handler=handler.name, fact=id, error=place_of(error), tries=TRIES)
        failures.pop(id, None)
        await delivery.ack()

    async def _hear_traffic(self, handler: Handler, kind: str) -> None:
        said = float("-inf")
        async with self._link.subscribe(subjects.every(kind), NEWEST) as inbox:
            while True:
                delivery = await inbox.get()
                try:
                    message = _decode(delivery.data)
                    if isinstance(message, handler.types):
                        async with asyncio.timeout(SECONDS):
                            await handler.call(message, self._bus)
                except Exception as error:  # an owner's code may raise anything
                    if time.monotonic() - said > LOG_PERIOD:
                        said = time.monotonic()
                        log.warning("handler failed", handler=handler.name, error=place_of(error))


def load_all(names: tuple[str, ...], folder: str) -> list[Handler]:
    """The handlers of the shipped files called `names`, and of every file in `folder`. Blocks."""
    ours = shipped.path("handlers")
    found = []
    for name in names:
        if (ours / f"{name}.py").is_file():
            found += load(ours / f"{name}.py", name)
        else:
            known = ", ".join(sorted(path.stem for path in ours.glob("*.py")))
            log.error("handler not found", handler=name, key="handlers.run", known=known)
    if folder and not Path(folder).is_dir():
        log.error("handlers not found", dir=folder, key="handlers.dir", next="create it, or correct the path")
    elif folder:
        for path in sorted(Path(folder).glob("*.py")):
            found += load(path, f"own-{path.stem}")
    return found


def load(path: Path, name: str) -> list[Handler]:
    """The marked functions of one file; none, and one line in the log, if it cannot be run."""
    private = f"_edged_handler_{name}"  # so that no file can hide, or be hidden by, a package of the same name
    spec = importlib.util.spec_from_file_location(private, path)
    assert spec is not None, f"{path} is no Python file"
    assert spec.loader is not None, f"{path} is no Python file"
    module = importlib.util.module_from_spec(spec)
    sys.modules[private] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # an owner's code may raise anything
        log.error("handler not loaded", file=str(path), error=place_of(error))
        return []
    return [_handler(f"{name}.{key}", value) for key, value in vars(module).items() if hasattr(value, MARK)]


def _handler(name: str, function: Any) -> Handler:
    return Handler(name, getattr(function, MARK), function, len(inspect.signature(function).parameters) > 2)


def place_of(error: BaseException) -> str:
    """What happened and where, in one line: of an owner's code the last line that is his own."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    steps = traceback.extract_tb(error.__traceback__)
    own = [step for step in steps if not re.search(r"/edged/|/site-packages/|/lib/python|<frozen", step.filename)]
    if isinstance(error, SyntaxError):
        where = f" at {error.filename}:{error.lineno}"
    elif own or steps:
        where = f" at {(own or steps)[-1].filename}:{(own or steps)[-1].lineno}"
    else:
        where = ""
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}{where}"
