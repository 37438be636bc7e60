"""`python -m models.train gather | fit | mine | eval`."""

import argparse
import asyncio
import pickle
import sys
from pathlib import Path

_HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m models.train", description="Makes and measures the person detector."
    )
    parser.add_argument("--pictures", type=Path, default=Path("../shared/train"), help="the training data folder")
    parser.add_argument("--work", type=Path, default=Path("models/train/work"), help="where training keeps its state")
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
    fitting.add_argument("--steps", type=int, default=6000)
    fitting.add_argument("--rate", type=float, default=2e-3)
    fitting.add_argument("--start", type=Path, help="weights to begin with")
    fitting.add_argument("--tiers", default="ABC")
    mining = commands.add_parser("mine", help="collect what the network of --weights takes for people")
    mining.add_argument("--weights", type=Path, required=True)
    measuring = commands.add_parser("eval", help="print the table of these models")
    measuring.add_argument("models", nargs="+")
    measuring.add_argument("--data", type=Path, default=Path("../shared/data"))
    measuring.add_argument("--models-dir", type=Path, default=Path("models"))
    measuring.add_argument("--score", type=float)
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
        case "eval":
            asyncio.run(_eval(asked))


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

    from models.train import cutouts, fit, pictures, scenes

    asked.work.mkdir(parents=True, exist_ok=True)
    known = [picture for picture in pictures.read(asked.pictures, asked.tiers) if not picture.held_out]
    figures = _kept(asked.work / f"cutouts-{asked.tiers}.pickle", lambda: cutouts.cut(known))
    hard = asked.work / "hard.pickle"
    patches = pickle.loads(hard.read_bytes()) if hard.exists() else []
    plan = fit.Plan(asked.steps, asked.rate)
    network = fit.fit(scenes.stock(known, figures, patches), plan, asked.work, asked.start)
    torch.save({"ema": network.state_dict()}, asked.work / "person.pt")


def _mine(asked: argparse.Namespace) -> None:
    import torch

    from models.train import mining, network, pictures

    made = network.PersonNet()
    network.start_from(made, torch.load(asked.weights, map_location="cpu")["ema"])
    asked.work.mkdir(parents=True, exist_ok=True)
    patches = list(mining.mine(made, pictures.read(asked.pictures)))
    (asked.work / "hard.pickle").write_bytes(pickle.dumps(patches))
    print(f"{len(patches)} places where the network sees people and nobody is")


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
