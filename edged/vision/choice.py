"""Which model runs: the one named, or for `auto` the best at hand, fetched if need be."""

import asyncio
import threading
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path

from edged import config
from edged.vision import downloads, models
from edged.vision.cards import Card
from edged.vision.models import DEFAULT, LAST_RESORT, Library, Model
from edged.vision.tensors import ModelError

_ANSWER_WITHIN = 4.0  # seconds; after that there is no internet as far as we are concerned


@dataclass(frozen=True, slots=True)
class Choice:
    """A model, why it is the one, and what an owner should know about that."""

    model: Model
    reason: str
    notices: tuple[str, ...]


async def choose(settings: config.Detector, folder: Path) -> Choice:
    """The model to run; ModelError when the one named can't. Fetches the default model for `auto` if it may and nothing better is here."""
    choice = await asyncio.to_thread(at_hand, settings, folder)
    if settings.model != "auto" or choice.model.name != LAST_RESORT:
        return choice
    if not settings.pull:
        return _without(choice, "detector.pull forbids fetching one")
    default = await asyncio.to_thread(lambda: models.library(folder).named(DEFAULT))
    try:
        await _fetched(default.card, folder)
    except ModelError as error:
        return _without(choice, str(error))
    return await asyncio.to_thread(at_hand, settings, folder)


def at_hand(settings: config.Detector, folder: Path) -> Choice:
    """What would run without fetching anything. Reads and hashes model files, so not on the loop."""
    library = models.library(folder)
    if settings.model != "auto":
        return _named(library, settings.model)
    notices = list(library.complaints)
    for model in library.ranked():
        if not model.present:
            continue
        if fault := model.fault():
            notices.append(fault)
        else:
            return Choice(model, "auto: the best ranked model whose file is here", tuple(notices))
    return Choice(library.named(LAST_RESORT), "auto: no model file is here", tuple(notices))


def _named(library: Library, name: str) -> Choice:
    model = library.named(name)
    if model.card.vectors:
        raise ModelError(
            f"model {name}: it recognises a {model.card.task}, and finds nothing: name it under [recognition]"
        )
    if fault := model.fault():
        raise ModelError(fault)
    return Choice(model, "detector.model names it", ())


def _without(choice: Choice, reason: str) -> Choice:
    notice = (
        f"detecting with OpenCV's built-in person detector, which misses much: {reason}. "
        f"`edged models pull {DEFAULT}` fetches a better model, `edged models import DIR` takes one from a folder"
    )
    return replace(choice, notices=(*choice.notices, notice))


async def _fetched(card: Card, folder: Path) -> None:
    """Fetches in a thread nobody has to wait for: neither a name server that stays silent nor a slow line holds up the daemon's end."""
    answered: Future[BaseException | None] = Future()
    ended: Future[BaseException | None] = Future()
    for future in (answered, ended):
        future.set_running_or_notify_cancel()  # so that cancelling who waits leaves them to the thread
    given_up = threading.Event()

    def progress(have: int, total: int) -> None:
        if given_up.is_set():
            raise _GivenUpError
        if not answered.done():
            answered.set_result(None)

    def work() -> None:
        try:
            downloads.pull(card, folder, progress)
        except BaseException as error:  # handed over to who waits
            ended.set_result(error)
        else:
            ended.set_result(None)

    threading.Thread(target=work, name="pull", daemon=True).start()
    try:
        first, last = asyncio.wrap_future(answered), asyncio.wrap_future(ended)
        done, _ = await asyncio.wait({first, last}, timeout=_ANSWER_WITHIN, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            raise ModelError(f"{card.source} did not answer within {_ANSWER_WITHIN:.0f} s")
        if error := await last:
            raise error
    finally:
        given_up.set()


class _GivenUpError(Exception):
    """The daemon does not want the rest; what is here stays and can be continued."""
