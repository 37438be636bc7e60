import asyncio
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec
import pytest

from edged import config, shipped
from edged.vision import cards
from edged.vision.choice import choose
from edged.vision.tensors import ModelError
from tests.vision.web import serving

ROOT = Path(__file__).parents[2]
AUTO = config.Detector(model="auto", threads=1)
NAMED = config.Detector(model="net", threads=1)
# stands in for a box on which a library is not installed
WITHOUT = """
import sys
for name in sys.argv[2:]:
    sys.modules[name] = None
from pathlib import Path
from edged import config
from edged.vision import choice
chosen = choice.at_hand(config.Detector(threads=1), Path(sys.argv[1]))
print(chosen.model.name, *chosen.notices, sep="\\n")
"""


def card(folder, small, **changes):
    """A card in the owner's folder that describes the model that comes along under another name and file, changed."""
    folder.mkdir(exist_ok=True)
    named = {"name": "net", "file": "net.tflite", "rank": 0, **changes}
    cards.write(msgspec.structs.replace(small.card, **named), folder / f"{named['name']}.toml")


def without(*libraries, folder):
    """(model, its notices) that `auto` takes where these libraries can't be loaded."""
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT, folder, *libraries],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
    name, *notices = run.stdout.splitlines()
    return name, notices


async def test_when_no_model_was_chosen_the_one_that_comes_along_runs(tmp_path):
    choice = await choose(AUTO, tmp_path)
    assert (choice.model.name, choice.notices) == ("edged-person", ())
    assert choice.model.file.parent == shipped.path("models")
    assert not list(tmp_path.iterdir())


async def test_a_model_that_was_fetched_but_not_chosen_does_not_take_its_place(tmp_path, small):
    card(tmp_path, small, name="yolox-nano", file="yolox_nano.onnx", rank=60)
    shutil.copyfile(small.file, tmp_path / "yolox_nano.onnx")
    assert (await choose(AUTO, tmp_path)).model.name == "edged-person"


async def test_an_owners_card_of_higher_rank_does(tmp_path, small):
    card(tmp_path, small, rank=200)
    shutil.copyfile(small.file, tmp_path / "net.tflite")
    assert (await choose(AUTO, tmp_path)).model.name == "net"


async def test_auto_passes_over_a_damaged_file_and_says_so(tmp_path, small):
    card(tmp_path, small, rank=200)
    (tmp_path / "net.tflite").write_bytes(b"damaged")
    choice = await choose(AUTO, tmp_path)
    assert choice.model.name == "edged-person"
    assert "is damaged" in choice.notices[0]


def test_without_litert_the_same_model_runs_by_onnx_runtime(tmp_path):
    name, notices = without("ai_edge_litert", "tflite_runtime", folder=tmp_path)
    assert name == "edged-person-onnx"
    assert "pip install ai-edge-litert" in notices[0]


def test_without_either_the_built_in_one_runs_and_says_so(tmp_path):
    name, notices = without("ai_edge_litert", "tflite_runtime", "onnxruntime", folder=tmp_path)
    assert name == "opencv-hog"
    assert "pip install onnxruntime" in notices[1]
    assert "misses much" in notices[-1]


async def test_the_file_of_a_named_model_is_fetched(tmp_path, small):
    with serving() as site:
        site.files["/m"] = small.file.read_bytes()
        card(tmp_path, small, source=site.url + "/m")
        choice = await choose(NAMED, tmp_path)
    assert (choice.model.name, choice.notices) == ("net", ())
    assert choice.model.present


async def test_a_fetched_file_of_another_hash_is_not_run(tmp_path, small):
    with serving() as site:
        site.files["/m"] = b"another file"
        card(tmp_path, small, source=site.url + "/m")
        with pytest.raises(ModelError, match="refused"):
            await choose(NAMED, tmp_path)


@pytest.fixture
def silent():
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


async def test_a_source_that_stays_silent_is_given_up_within_five_seconds(tmp_path, small, silent):
    card(tmp_path, small, source=f"http://127.0.0.1:{silent.getsockname()[1]}/m")
    begun = time.monotonic()
    with pytest.raises(ModelError, match=r"did not answer.*`edged models import DIR`"):
        await choose(NAMED, tmp_path)
    assert time.monotonic() - begun < 5


async def test_cancelling_while_fetching_ends_at_once(tmp_path, small, silent):
    card(tmp_path, small, source=f"http://127.0.0.1:{silent.getsockname()[1]}/m")
    task = asyncio.create_task(choose(NAMED, tmp_path))
    connection, _ = await asyncio.get_running_loop().sock_accept(silent)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    connection.close()
    for thread in threading.enumerate():
        if thread.name == "pull":
            await asyncio.to_thread(thread.join)


async def test_a_named_model_without_its_file_is_an_error_with_the_command_where_nothing_may_be_fetched(tmp_path):
    with pytest.raises(ModelError, match="`edged models pull ssd-mobiledet`"):
        await choose(config.Detector(model="ssd-mobiledet", pull=False), tmp_path)
