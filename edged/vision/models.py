"""Which models there are: cards shipped and the owner's own, their files, and which one is to run."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edged import shipped
from edged.vision import cards
from edged.vision.cards import Card, Task
from edged.vision.tensors import ModelError

DEFAULT = "edged-person"
LAST_RESORT = "opencv-hog"


@dataclass(frozen=True, slots=True)
class Model:
    """A card and where its file lies, or would lie once pulled. `file` is None for a model that needs none."""

    card: Card
    file: Path | None

    @property
    def name(self) -> str:
        return self.card.name

    @property
    def present(self) -> bool:
        return self.file is None or self.file.is_file()

    @property
    def origin(self) -> str:
        """Where its file comes from, for a reader."""
        if self.file is None:
            return "built into OpenCV"
        came_along = self.file.parent == shipped.path("models")
        return f"{self.file}, which {'came with edged' if came_along else 'you fetched or added'}"

    def fault(self) -> str:
        """Why the model can't run, or nothing. Reads the whole file to compare its hash, so not on the loop.

        A file of unknown hash is trusted now, and held to that from then on.
        """
        if self.file is None:
            return ""
        if not self.file.is_file():
            return f"model {self.name}: {self.file} is not there; `edged models pull {self.name}` fetches it"
        try:
            actual = sha256(self.file)
            wanted = self.card.sha256 or recorded(self.file)
            if not wanted:
                record(self.file, actual)
        except OSError as error:
            return f"model {self.name}: can't use {error.filename}: {error.strerror}"
        if wanted and actual != wanted:
            return (
                f"model {self.name}: {self.file} is damaged or not the file of the card (SHA-256 {actual[:12]}…, "
                f"not {wanted[:12]}…); `edged models pull {self.name}` fetches it again"
            )
        return ""


@dataclass(frozen=True, slots=True)
class Library:
    """All models by name, and one line for each card that could not be read."""

    models: Mapping[str, Model]
    complaints: tuple[str, ...]

    def named(self, name: str) -> Model:
        """ModelError names the choices, or what is wrong with the card."""
        if name in self.models:
            return self.models[name]
        for complaint in self.complaints:
            if f"/{name}.toml" in complaint:
                raise ModelError(complaint)
        raise ModelError(f"there is no model {name}; choose one of {', '.join(sorted(self.models))}, or auto")

    def ranked(self, task: Task = "objects") -> list[Model]:
        """What `auto` may take for a task, best first."""
        fitting = (model for model in self.models.values() if model.card.rank and model.card.task == task)
        return sorted(fitting, key=lambda model: -model.card.rank)


def library(folder: Path) -> Library:
    """The cards that came with edged and those in the owner's `folder`, whose cards and files win."""
    ours = shipped.path("models")
    models, complaints = {}, []
    for place in (ours, folder):
        for path in sorted(place.glob("*.toml")):
            try:
                card = cards.read(path)
                if card.name != path.stem:
                    raise ModelError(f"model card {path}: name: is {card.name!r}, so the file must be {card.name}.toml")
                models[card.name] = Model(card, _file(card, folder, ours))
            except ModelError as error:
                complaints.append(str(error))
    return Library(models, tuple(complaints))


def _file(card: Card, folder: Path, ours: Path) -> Path | None:
    if not card.file:
        return None
    came_along = ours / card.file
    return came_along if came_along.is_file() and not (folder / card.file).is_file() else folder / card.file


def sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def recorded(file: Path) -> str:
    """The hash taken when `file` was first seen; empty when there is none."""
    try:
        return _record(file).read_text(encoding="utf-8").split()[0]
    except (FileNotFoundError, IndexError):
        return ""


def record(file: Path, digest: str) -> None:
    """Keeps the hash beside `file`, as `sha256sum --check` reads it."""
    _record(file).write_text(f"{digest}  {file.name}\n", encoding="utf-8")


def _record(file: Path) -> Path:
    return file.with_name(file.name + ".sha256")
