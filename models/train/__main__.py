"""`python -m models.train fit | mine | eval`."""

import argparse
import asyncio
import pickle
import sys
from pathlib import Path

from models.train import pictures
from models.train.pictures import Picture


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m models.train", description="Makes and measures the person detector.")
    parser.add_argument("--pictures", type=Path, default=Path("../shared/train"), help="the training data folder")
    parser.add_argument("--work", type=Path, default=Path("models/train/work"), help="where training keeps its state")
    parser.add_argument("--tiers", default="ABC", help="licence tiers of the pictures to learn from")
    commands = parser.add_subparsers(dest="command", required=True)
    fitting = commands.add_parser("fit", help="train, or go on training; ends with --work/person.pt")
    fitting.add_argument("--steps", type=int, default=6000)
    fitting.add_argument("--rate", type=float, default=2e-3)
    fitting.add_argument("--start", type=Path, help="weights to begin with")
    mining = commands.add_parser("mine", help="collect what the network of --weights takes for people")
    mining.add_argument("--weights", type=Path, required=True)
    measuring = commands.add_parser("eval", help="print the table of these models")
    measuring.add_argument("models", nargs="+")
    measuring.add_argument("--data", type=Path, default=Path("../shared/data"))
    measuring.add_argument("--models-dir", type=Path, default=Path("models"))
    measuring.add_argument("--score", type=float)
    asked = parser.parse_args()
    if not (asked.pictures / "labels.json").is_file():
        sys.exit(f"{asked.pictures} has no labels.json: --pictures names the folder with the training pictures")
    match asked.command:
        case "fit":
            _fit(asked)
        case "mine":
            _mine(asked)
        case "eval":
            asyncio.run(_eval(asked))


def _fit(asked: argparse.Namespace) -> None:
    import torch

    from models.train import cutouts, fit, scenes

    asked.work.mkdir(parents=True, exist_ok=True)
    known = [picture for picture in _all(asked) if not picture.held_out]
    figures = _kept(asked.work / f"cutouts-{asked.tiers}.pickle", lambda: cutouts.cut(known))
    hard = asked.work / "hard.pickle"
    patches = pickle.loads(hard.read_bytes()) if hard.exists() else []
    plan = fit.Plan(asked.steps, asked.rate)
    network = fit.fit(scenes.stock(known, figures, patches), plan, asked.work, asked.start)
    torch.save({"ema": network.state_dict()}, asked.work / "person.pt")


def _mine(asked: argparse.Namespace) -> None:
    import torch

    from models.train import mining, network

    made = network.PersonNet()
    network.start_from(made, torch.load(asked.weights, map_location="cpu")["ema"])
    asked.work.mkdir(parents=True, exist_ok=True)
    patches = list(mining.mine(made, _all(asked)))
    (asked.work / "hard.pickle").write_bytes(pickle.dumps(patches))
    print(f"{len(patches)} places where the network sees people and nobody is")


def _all(asked: argparse.Namespace) -> list[Picture]:
    """The pictures of the data folder and those gathered besides."""
    folders = [folder for folder in (asked.pictures, asked.work / "gathered") if (folder / "labels.json").is_file()]
    return [picture for folder in folders for picture in pictures.read(folder, asked.tiers)]


async def _eval(asked: argparse.Namespace) -> None:
    from models.train import measure

    rows = [await measure.row(name, asked.models_dir, asked.data, asked.pictures, asked.score) for name in asked.models]
    print(measure.table(rows))


def _kept(file: Path, make):
    if not file.exists():
        file.write_bytes(pickle.dumps(make()))
    return pickle.loads(file.read_bytes())


if __name__ == "__main__":
    main()
