import asyncio
import shutil
import socket
import threading
import time

import pytest

from edged import config
from edged.vision import cards, models
from edged.vision.choice import choose
from edged.vision.tensors import ModelError
from tests.vision.web import serving

AUTO = config.Detector(model="auto")
OFFLINE = config.Detector(model="auto", pull=False)


def card_of_default(folder, trial, **changes):
    """The default model's card in the owner's folder, changed; the small detector stands in for its file."""
    text = {"name": models.DEFAULT, "rank": 100, "file": "default.tflite", **changes}
    plain = cards.write(trial.card, folder / "plain") or (folder / "plain").read_text(encoding="utf-8")
    lines = [line for line in plain.splitlines() if line.split(" = ")[0] not in text]
    head = [f"{key} = {value!r}" for key, value in text.items()]
    (folder / f"{models.DEFAULT}.toml").write_text("\n".join(head + lines), encoding="utf-8")


async def test_without_any_file_and_without_pulling_the_built_in_one_runs_and_says_what_to_do(tmp_path):
    choice = await choose(OFFLINE, tmp_path)
    assert choice.model.name == "opencv-hog"
    assert any("`edged models pull yolox-nano`" in notice for notice in choice.notices)


async def test_auto_takes_the_best_ranked_file_that_is_here(tmp_path, trial):
    card_of_default(tmp_path, trial)
    shutil.copyfile(trial.file, tmp_path / "default.tflite")
    choice = await choose(OFFLINE, tmp_path)
    assert (choice.model.name, choice.notices) == (models.DEFAULT, ())


async def test_auto_passes_over_a_damaged_file_and_says_so(tmp_path, trial):
    card_of_default(tmp_path, trial)
    (tmp_path / "default.tflite").write_bytes(b"damaged")
    choice = await choose(OFFLINE, tmp_path)
    assert choice.model.name == "opencv-hog"
    assert "is damaged" in choice.notices[0]


async def test_auto_fetches_the_default_model(tmp_path, trial):
    with serving() as site:
        site.files["/m"] = trial.file.read_bytes()
        card_of_default(tmp_path, trial, source=site.url + "/m")
        choice = await choose(AUTO, tmp_path)
    assert (choice.model.name, choice.notices) == (models.DEFAULT, ())
    assert choice.model.present


async def test_a_fetched_file_of_another_hash_is_not_run(tmp_path, trial):
    with serving() as site:
        site.files["/m"] = b"another file"
        card_of_default(tmp_path, trial, source=site.url + "/m")
        choice = await choose(AUTO, tmp_path)
    assert choice.model.name == "opencv-hog"
    assert "refused" in choice.notices[-1]


@pytest.fixture
def silent():
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


async def test_a_source_that_stays_silent_is_given_up_within_five_seconds(tmp_path, trial, silent):
    card_of_default(tmp_path, trial, source=f"http://127.0.0.1:{silent.getsockname()[1]}/m")
    begun = time.monotonic()
    choice = await choose(AUTO, tmp_path)
    assert time.monotonic() - begun < 5
    assert choice.model.name == "opencv-hog"
    assert "did not answer" in choice.notices[-1]


async def test_cancelling_while_fetching_ends_at_once(tmp_path, trial, silent):
    card_of_default(tmp_path, trial, source=f"http://127.0.0.1:{silent.getsockname()[1]}/m")
    task = asyncio.create_task(choose(AUTO, tmp_path))
    connection, _ = await asyncio.get_running_loop().sock_accept(silent)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    connection.close()
    for thread in threading.enumerate():
        if thread.name == "pull":
            await asyncio.to_thread(thread.join)


async def test_a_named_model_without_its_file_is_an_error_with_the_command(tmp_path):
    with pytest.raises(ModelError, match="`edged models pull ssd-mobiledet`"):
        await choose(config.Detector(model="ssd-mobiledet"), tmp_path)
