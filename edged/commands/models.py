"""`edged models`: list, pull, verify, add and import the models that cards describe."""

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import get_args

from edged.vision import cards, downloads, guessing, models
from edged.vision.cards import Layout, Task
from edged.vision.models import Library, Model
from edged.vision.tensors import ModelError

_BAR = 30
_QUIET_STEPS = 4


def configure(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `models` and its verbs."""
    parser = subparsers.add_parser("models", help="list, fetch, verify and add models")
    parser.add_argument(
        "--dir", type=Path, default=default_folder(), help="where model files lie (default: %(default)s)"
    )
    parser.set_defaults(run=run)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("list", help="the models there are, best first for each task")
    pull = verbs.add_parser("pull", help="fetch models, or continue to")
    pull.add_argument("names", nargs="+", metavar="NAME")
    verify = verbs.add_parser("verify", help="compare the files here with their hashes")
    verify.add_argument("names", nargs="*", metavar="NAME")
    add = verbs.add_parser("add", help="write a card for a model file of your own")
    add.add_argument("file", type=Path)
    add.add_argument("--name", help="default: the file's name")
    add.add_argument(
        "--layout",
        choices=[layout for layout in get_args(Layout) if layout not in ("hog", "vector")],
        help="how it writes boxes down",
    )
    add.add_argument("--labels", type=Path, help="a file with one label per line, in the order of the classes")
    add.add_argument("--licence", default="not stated")
    offline = verbs.add_parser("import", help="take the files of known models from a folder")
    offline.add_argument("folder", type=Path, metavar="DIR")


def default_folder() -> Path:
    """`models` in the state directory of a service, else of the user."""
    state = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    return (Path(state) if state else Path.home() / ".local" / "state" / "edged") / "models"


def run(args: argparse.Namespace) -> int:
    """The exit status. Blocks; whatever failed was said in one line each on stderr."""
    library = models.library(args.dir)
    for complaint in library.complaints:
        _complain(complaint)
    try:
        match args.verb:
            case "list":
                return _list(library)
            case "pull":
                return _pull(library, args.names, args.dir)
            case "verify":
                return _verify(library, args.names)
            case "add":
                return _add(args)
            case _:
                return _import(library, args.folder, args.dir)
    except ModelError as error:
        _complain(str(error))
        return 1
    except KeyboardInterrupt:
        _complain("stopped; what is here stays, and the next pull goes on from there")
        return 130


def _list(library: Library) -> int:
    tasks = get_args(Task)
    order = sorted(library.models.values(), key=lambda it: (tasks.index(it.card.task), -it.card.rank, it.name))
    for model in order:
        print(
            f"{model.name:24} {_state(model):12} {model.card.licence:12} {model.card.title}"
            + ("" if model.card.task == tasks[0] else f" (recognition: {model.card.task})")
        )
    return 1 if library.complaints else 0


def _state(model: Model) -> str:
    if model.file is None:
        return "built in"
    return "here" if model.present else "to be pulled"


def _pull(library: Library, names: list[str], folder: Path) -> int:
    for name in names:
        model = library.named(name)
        if model.present and not model.fault():
            print(f"{name} is here already")
            continue
        file = downloads.pull(model.card, folder, _Bar(name))
        print(f"{name}: {file}" + ("" if model.card.sha256 else "; its hash was taken at this first download"))
    return 0


def _verify(library: Library, names: list[str]) -> int:
    chosen = [library.named(name) for name in names] or [m for m in library.models.values() if m.present]
    faults = {model.name: model.fault() for model in chosen}
    for name, fault in faults.items():
        print(f"{name:24} {'can not be used' if fault else 'ok'}")
        if fault:
            _complain(fault)
    return 1 if any(faults.values()) else 0


def _add(args: argparse.Namespace) -> int:
    name = args.name or args.file.stem.replace(".", "-")
    try:
        labels = cards.lines(args.labels) if args.labels else ()
        card = guessing.guess(args.file, name, args.layout, labels, args.licence)
        downloads.take(card, args.file, args.dir)
        cards.write(card, args.dir / f"{name}.toml")
    except OSError as error:
        raise ModelError(f"can't use {error.filename}: {error.strerror}") from error
    size = f"{card.input.width}x{card.input.height}"
    print(f"{name}: layout {card.output.layout}, input {size} {card.input.colour}, {len(card.labels)} labels")
    print(f'its card is {args.dir / f"{name}.toml"}; correct it there. To use it: model = "{name}" under [detector]')
    return 0


def _import(library: Library, origin: Path, folder: Path) -> int:
    """By hash; a card that states none takes the file of its name on trust."""
    if not origin.is_dir():
        raise ModelError(f"{origin} is not a folder")
    files = {models.sha256(path): path for path in sorted(origin.rglob("*")) if path.is_file()}
    by_name = {path.name: path for path in files.values()}
    taken = 0
    for model in library.models.values():
        known = model.card.sha256 or (models.recorded(model.file) if model.file else "")
        path = files.get(known) if known else by_name.get(model.card.file)
        if path and model.file and not model.present:
            downloads.take(model.card, path, folder)
            taken += 1
            print(
                f"{model.name}: taken from {path}"
                + ("" if known else "; its card states no hash, so it is trusted from now on")
            )
    if not taken:
        _complain(f"{origin}: nothing there is the file of a card that lacks its file")
    return 0 if taken else 1


def _complain(line: str) -> None:
    print(f"edged: {line}", file=sys.stderr)


class _Bar:
    """Shows a download: a bar on a terminal, a line now and then elsewhere."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._live = sys.stderr.isatty()
        self._step = -1

    def __call__(self, have: int, total: int) -> None:
        share = have / total if total else 0.0
        step = int(share * (shutil.get_terminal_size().columns if self._live else _QUIET_STEPS))
        if step == self._step:
            return
        self._step = step
        if self._live:
            bar = "█" * int(share * _BAR)
            end = "\n" if total and have >= total else ""
            sys.stderr.write(f"\r{self._name} {bar:{_BAR}} {have / 1e6:.1f} of {total / 1e6:.1f} MB{end}")
        else:
            sys.stderr.write(f"{self._name}: {have / 1e6:.1f} of {total / 1e6:.1f} MB\n")
        sys.stderr.flush()
