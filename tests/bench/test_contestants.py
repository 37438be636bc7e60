from pathlib import Path

import pytest

from bench.contest import Contest, ContestError, held
from bench.contestants import bare_loop, usual_way
from bench.footage import Footage
from bench.network import model
from tests.bench.pictures import moving_square


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    try:
        model()
    except FileNotFoundError as error:
        pytest.skip(f"no network to run: {error}")
    return Footage("square", moving_square(tmp_path_factory.mktemp("clip") / "square.mp4", fps=20, frames=20), 20)


async def test_the_bare_loop_looks_at_every_frame_of_every_camera_when_there_is_time(footage: Footage):
    outcome = await held(bare_loop, Contest(footage, cameras=2, fps=20, seconds=1, warm=0.2))
    assert {seen.camera for seen in outcome.seen} == {"0", "1"}
    assert outcome.fairness > 0.8
    assert outcome.infer > 0
    assert outcome.cpu > 0
    assert outcome.memory.rss > 10_000_000


async def test_the_usual_way_is_heard_through_its_websocket(footage: Footage):
    pytest.importorskip("fastapi", reason="the bench's own packages are not installed")
    outcome = await held(usual_way, Contest(footage, cameras=1, fps=5, seconds=1, warm=0.2))
    assert outcome.seen
    assert outcome.age(0.5) > 0


async def test_a_contestant_that_ends_says_why(footage: Footage, tmp_path: Path):
    gone = Footage("gone", tmp_path / "gone.mp4", 20)
    contest = Contest(gone, cameras=1, fps=5, seconds=1, warm=0)
    with pytest.raises(ContestError, match=r"gone\.mp4"):
        await held(bare_loop, contest)
