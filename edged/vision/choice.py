"""Which model runs: the one named, fetched if need be, or for `auto` the best at hand."""

import asyncio
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from edged import config
from edged.vision import downloads, loading, models
from edged.vision.cards import Card
from edged.vision.models import LAST_RESORT, Library, Model
from edged.vision.tensors import ModelError

_ANSWER_WITHIN = 4.0  # seconds; after that there is no internet as far as we are concerned


_IN_NEED = (
    "detecting with OpenCV's built-in person detector, which misses much, since neither LiteRT nor ONNX Runtime runs the model that comes "
    "with edged: `edged doctor` says why"
)


@dataclass(frozen=True, slots=True)
class Choice:
    """A model, why it is the one, and what an owner should know about that."""

    model: Model
    reason: str
    notices: tuple[str, ...]


async def choose(settings: config.Detector, folder: Path) -> Choice:
    """The model to run; ModelError when the one named can't. Fetches its file if that is not here and may be. `auto` fetches nothing."""
    if settings.model != "auto" and settings.pull:
        model = await asyncio.to_thread(lambda: models.library(folder).named(settings.model))
        if not model.present and model.card.source:
            await _pulled(model.card, folder)
    return await asyncio.to_thread(at_hand, settings, folder)


def at_hand(settings: config.Detector, folder: Path) -> Choice:
    """What would run without fetching anything. Reads, hashes and for `auto` loads model files, so not on the loop."""
    library = models.library(folder)
    if settings.model != "auto":
        return _named(library, settings.model)
    notices = list(library.complaints)
    for model in library.ranked():
        if not model.present:
            continue
        if fault := model.fault() or _refusal(model, settings):
            notices.append(fault)
        else:
            return Choice(model, "auto: the best ranked model that runs here", tuple(notices))
    notices.append(_IN_NEED)
    return Choice(library.named(LAST_RESORT), "auto: no other model runs here", tuple(notices))


def _refusal(model: Model, settings: config.Detector) -> str:
    """Why its runtime does not take it, or nothing."""
    try:
        loading.load(model.card, model.file, settings)
    except ModelError as error:
        return f"model {model.name}: {error}"
    return ""


def _named(library: Library, name: str) -> Choice:
    model = library.named(name)
    if model.card.vectors:
        raise ModelError(
            f"model {name}: it recognises a {model.card.task}, and finds nothing: name it under [recognition]"
        )
    if fault := model.fault():
        raise ModelError(fault)
    return Choice(model, "detector.model names it", ())


async def _pulled(card: Card, folder: Path) -> None:
    try:
        await _fetched(card, folder)
    except ModelError as error:
        raise ModelError(
            f"model {card.name}: its file is not here and could not be fetched: {error}. `edged models pull {card.name}` tries again, "
            f'`edged models import DIR` takes it from a folder, model = "auto" does without'
        ) from error


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
