"""Which models recognise: those that `[recognition]` names, or the best whose files are here."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from edged import config
from edged.identity.decide import Thresholds
from edged.recognition.embedding import Embedder
from edged.recognition.finding import ByNetwork, Cascade, Finder
from edged.vision import loading, models
from edged.vision.cards import Card, Task, Vectors
from edged.vision.models import Library, Model
from edged.vision.tensors import ModelError

SUGGESTED: dict[Task, str] = {"faces": "yunet", "face": "sface", "body": "youtureid"}
_WITHOUT: dict[Task, str] = {
    "faces": "faces are found by OpenCV's built-in cascade, which misses many and guesses where eyes and mouth are",
    "face": "faces are found but nobody is recognised",
    "body": "nobody is recognised from behind",
}


class Choice(NamedTuple):
    """`model` is None when there is none; then `reason` says so, and how to get one. Else it says why this one."""

    task: Task
    model: Model | None
    reason: str


def at_hand(settings: config.Recognition, folder: Path) -> list[Choice]:
    """What would be used for each task, as `edged doctor` tells it. Reads and hashes files."""
    library = models.library(folder)
    wanted: dict[Task, str] = {"faces": settings.finder, "face": settings.face, "body": settings.body}
    return [_choice(library, task, name) for task, name in wanted.items()]


def lacking(settings: config.Recognition, folder: Path) -> tuple[str, ...]:
    """What is missing for recognition, and how to get it. Reads and hashes files."""
    return tuple(choice.reason for choice in at_hand(settings, folder) if choice.model is None)


def _choice(library: Library, task: Task, name: str) -> Choice:
    key = {"faces": "finder"}.get(task, task)
    if name == "none":
        return Choice(task, None, f"{_WITHOUT[task]}: recognition.{key} is none")
    if name != "auto":
        return _named(library, task, name, key)
    faults = ["", *(f"; {complaint}" for complaint in library.complaints)]
    for model in library.ranked(task):
        if not model.present:
            continue
        if not (fault := model.fault()):
            return Choice(task, model, "auto: the best ranked model whose file is here")
        faults.append(f"; {fault}")
    return Choice(
        task, None, f"{_WITHOUT[task]}: `edged models pull {SUGGESTED[task]}` fetches a model{''.join(faults)}"
    )


def _named(library: Library, task: Task, name: str, key: str) -> Choice:
    try:
        model = library.named(name)
    except ModelError as error:
        return Choice(task, None, f"{_WITHOUT[task]}: recognition.{key}: {error}")
    if model.card.task != task:
        wrong = f"{name} is a model for the task {model.card.task}, not {task}"
        return Choice(task, None, f"{_WITHOUT[task]}: recognition.{key}: {wrong}")
    if fault := model.fault():
        return Choice(task, None, f"{_WITHOUT[task]}: {fault}")
    return Choice(task, model, f"recognition.{key} names it")


@dataclass(frozen=True)
class Kit:
    """What one thread works with. Either embedder may be missing; `finder` is there always."""

    finder: Finder
    face: Embedder | None
    body: Embedder | None
    notices: tuple[str, ...]

    @property
    def missing(self) -> str:
        """Why nobody can be recognised by their face, and what to do; empty: they can."""
        return "" if self.face else next(notice for notice in self.notices if notice.startswith(_WITHOUT["face"]))


def kit(settings: config.Config, folder: Path) -> Kit:
    """Loads the models, for one thread. Never fails for the want of one: `notices` say what is missing, and how to get it."""
    made: dict[Task, Finder | Embedder] = {}
    notices = []
    for choice in at_hand(settings.recognition, folder):
        if choice.model is None:
            notices.append(choice.reason)
            continue
        try:
            made[choice.task] = _loaded(choice.model, settings)
        except ModelError as error:
            notices.append(f"{_WITHOUT[choice.task]}: {error}")
    finder, face, body = made.get("faces"), made.get("face"), made.get("body")
    return Kit(
        finder if isinstance(finder, ByNetwork) else Cascade(),
        face if isinstance(face, Embedder) else None,
        body if isinstance(body, Embedder) else None,
        tuple(notices),
    )


def finder(settings: config.Config, folder: Path) -> Finder:
    """Only what finds faces."""
    choice = _choice(models.library(folder), "faces", settings.recognition.finder)
    if choice.model is None:
        return Cascade()
    loaded = _loaded(choice.model, settings)
    assert not isinstance(loaded, Embedder), "a model for the task faces makes no vectors"
    return loaded


def thresholds(settings: config.Recognition, folder: Path, model: str) -> Thresholds:
    """What scores of `model` must be, by its card and by `settings`; LookupError says that no such card is here. Reads cards."""
    try:
        card: Card = models.library(folder).named(model).card
    except ModelError as error:
        raise LookupError(str(error)) from None
    if not isinstance(card.vectors, Vectors):
        raise LookupError(f"model {model}: its card has no table vectors, so its scores say nothing")
    own = settings.body_threshold if card.task == "body" else settings.threshold
    return Thresholds(score=own or card.vectors.cosine, growth=card.vectors.growth, margin=card.vectors.margin)


def _loaded(model: Model, settings: config.Config) -> ByNetwork | Embedder:
    how = replace(settings.detector, threads=settings.recognition.threads)
    engine = loading.load(model.card, model.file, how)
    return ByNetwork(model.card, engine) if model.card.task == "faces" else Embedder(model.card, engine)
