"""`python -m models.train gather | fit | mine | export | eval | sweep | sheets`: `--help` says what each is for."""

import argparse
import asyncio
import itertools
import pickle
import random
import sys
from pathlib import Path

from models.train import pictures
from models.train.pictures import Picture

MOST_PATCHES = 12_000  # some 2 GB
_HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m models.train", description="Makes and measures the person detector."
    )
    parser.add_argument("--pictures", type=Path, default=Path("../shared/train"), help="the training data folder")
    parser.add_argument("--work", type=Path, default=Path("models/train/work"), help="where training keeps its state")
    parser.add_argument("--tiers", default="ABC", help="licence tiers of the pictures to learn from")
    commands = parser.add_subparsers(dest="command", required=True)
    gathering = commands.add_parser("gather", help="fill --work/gathered with the pictures of some sources")
    gathering.add_argument("--sources", type=Path, nargs="+", default=sorted(_HERE.glob("sources*.toml")))
    gathering.add_argument(
        "--mirrors", type=Path, help="bare repositories, OWNER+NAME/repo or OWNER/NAME.git, asked before GitHub"
    )
    gathering.add_argument(
        "--without",
        type=Path,
        default=_HERE / "refused.txt",
        help="sets, and pictures of sets, to be left out; one a line",
    )
    gathering.add_argument("--teacher", type=Path, default=Path("../shared/data/models/yolox_nano.onnx"))
    gathering.add_argument("--evaluation", type=Path, nargs="+", default=[Path("../shared/data"), Path("demo/media")],
                           help="pictures and films that must not be learned from")  # fmt: skip
    gathering.add_argument("--statement", type=Path, default=_HERE / "DATA.md", help="the data statement, written anew")
    fitting = commands.add_parser("fit", help="train, or go on training; ends with --work/person.pt")
    fitting.add_argument("--steps", type=int, default=7700, help="batches of 32 scenes")
    fitting.add_argument(
        "--until", type=int, help="stop after so many of them, with --work/half.pt, to mine in between"
    )
    fitting.add_argument("--rate", type=float, default=2e-3)
    fitting.add_argument("--start", type=Path, help="weights to begin with")
    mining = commands.add_parser("mine", help="collect what the network of --weights takes for people")
    mining.add_argument("--weights", type=Path, required=True)
    exporting = commands.add_parser("export", help="make the int8 files of --weights, and hold them against float")
    exporting.add_argument("--weights", type=Path, required=True)
    exporting.add_argument("--into", type=Path, help="the folder of cards whose files and hashes to replace: models")
    exporting.add_argument("--anyway", action="store_true", help="even if int8 costs too much, or a file is too large")
    measuring = commands.add_parser("eval", help="print the table of these models, with YOLOX-nano and HOG beside them")
    sweeping = commands.add_parser(
        "sweep", help="print what other scores and minimum heights would give, to choose a card's"
    )
    showing = commands.add_parser(
        "sheets", help="draw the best, typical and worst pictures of these models into --work"
    )
    for command in (exporting, measuring, sweeping, showing):
        command.add_argument(
            "--data", type=Path, default=Path("../shared/data"), help="MOT17-mini, clips and other models"
        )
    for command in (measuring, sweeping, showing):
        command.add_argument("models", nargs="+", metavar="MODEL", help="the name of a card")
        command.add_argument(
            "--models-dir", type=Path, help="where cards and files lie that did not come along; --data/models"
        )
    measuring.add_argument("--score", type=float, help="instead of each card's own")
    measuring.add_argument(
        "--street", type=Path, nargs=2, metavar=("CLIP", "TRUTH"), help="a clip and its MOTChallenge file"
    )
    asked = parser.parse_args()
    if asked.command == "gather":
        sys.exit(_gather(asked))
    if not (asked.pictures / "labels.json").is_file():
        sys.exit(f"{asked.pictures} has no labels.json: --pictures names the folder with the training pictures")
    match asked.command:
        case "fit":
            _fit(asked)
        case "mine":
            _mine(asked)
        case "export":
            sys.exit(_export(asked))
        case "eval":
            sys.exit(asyncio.run(_eval(asked)))
        case "sweep":
            asyncio.run(_sweep(asked))
        case "sheets":
            asyncio.run(_sheets(asked))


def _gather(asked: argparse.Namespace) -> int:
    from edged.vision.tensors import ModelError
    from models.train.gather import command

    wanted = command.Asked(asked.sources, asked.without, Path("models/yolox-nano.toml"), asked.teacher, asked.evaluation,
                           asked.pictures, asked.statement)  # fmt: skip
    try:
        return command.run(wanted, command.Places(asked.work, asked.mirrors))
    except ModelError as error:
        sys.exit(f"{error}; --teacher names the file of YOLOX-nano")


def _fit(asked: argparse.Namespace) -> None:
    import torch

    from models.train import cutouts, fit, scenes

    asked.work.mkdir(parents=True, exist_ok=True)
    known = [picture for picture in _all(asked) if not picture.held_out]
    figures = _kept(asked.work / f"cutouts-{asked.tiers}.pickle", lambda: cutouts.cut(known))
    hard = asked.work / "hard.pickle"
    patches = pickle.loads(hard.read_bytes()) if hard.exists() else []
    plan = fit.Plan(asked.steps, min(asked.until or asked.steps, asked.steps), asked.rate)
    network = fit.fit(scenes.stock(known, figures, patches), plan, asked.work, asked.start)
    torch.save({"ema": network.state_dict()}, asked.work / ("person.pt" if plan.until == plan.steps else "half.pt"))


def _mine(asked: argparse.Namespace) -> None:
    import torch

    from models.train import mining, network

    made = network.PersonNet()
    network.start_from(made, torch.load(asked.weights, map_location="cpu")["ema"])
    asked.work.mkdir(parents=True, exist_ok=True)
    shuffled = random.Random(0).sample(known := _all(asked), len(known))
    empty_first = sorted(
        shuffled, key=lambda picture: not picture.empty
    )  # there nobody unlabelled is taken for a mistake
    patches = list(itertools.islice(mining.mine(made, empty_first), MOST_PATCHES))
    (asked.work / "hard.pickle").write_bytes(pickle.dumps(patches))
    print(f"{len(patches)} places where the network sees people and nobody is")


def _all(asked: argparse.Namespace) -> list[Picture]:
    """The pictures of the data folder and those gathered besides."""
    folders = [folder for folder in (asked.pictures, asked.work / "gathered") if (folder / "labels.json").is_file()]
    return [picture for folder in folders for picture in pictures.read(folder, asked.tiers)]


def _export(asked: argparse.Namespace) -> int:
    from models.train import shipping

    place = asked.work / "files"
    shipping.write(asked.weights, asked.pictures, place)
    found = asyncio.run(shipping.losses(place, asked.data, asked.pictures))
    print(shipping.table(found))
    faults = list(shipping.faults(found, place))
    for fault in faults:
        print(fault, file=sys.stderr)
    if faults and not asked.anyway:
        return 1
    for file in (
        shipping.install(place, asked.into)
        if asked.into
        else sorted({*place.glob("edged-*.tflite"), *place.glob("edged-*.onnx")})
    ):
        print(f"{file}: {file.stat().st_size} bytes")
    return 0


BESIDE = ("yolox-nano", "opencv-hog")


async def _eval(asked: argparse.Namespace) -> int:
    from edged.vision.tensors import ModelError
    from models.train import measure

    rows, missing = [], 0
    for name in dict.fromkeys((*asked.models, *BESIDE)):
        try:
            rows.append(await measure.row(name, _folder(asked), asked.data, asked.pictures, asked.score, asked.street))
        except ModelError as error:
            print(error, file=sys.stderr)
            missing += name in asked.models
    print(measure.table(rows))
    return 1 if missing else 0


async def _sweep(asked: argparse.Namespace) -> None:
    from models.train import measure, sweep

    for name in asked.models:
        print(f"{name}\n\n{sweep.table(await measure.looks(name, _folder(asked), asked.data, asked.pictures))}\n")


async def _sheets(asked: argparse.Namespace) -> None:
    from models.train import measure, sheets

    for name in asked.models:
        found = await measure.looks(name, _folder(asked), asked.data, asked.pictures)
        for file in sheets.draw(found, asked.data, asked.pictures, asked.work / "sheets"):
            print(file)


def _folder(asked: argparse.Namespace) -> Path:
    return asked.models_dir or asked.data / "models"


def _kept(file: Path, make):
    if not file.exists():
        file.write_bytes(pickle.dumps(make()))
    return pickle.loads(file.read_bytes())


if __name__ == "__main__":
    main()
