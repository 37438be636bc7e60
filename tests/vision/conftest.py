import os
from pathlib import Path

import pytest

from edged.vision import models


@pytest.fixture(scope="session")
def test_data() -> Path:
    """Models and clips that are not part of the project."""
    folder = Path(os.environ.get("EDGED_TEST_DATA", Path(__file__).parents[2] / "../shared/data"))
    if not (folder / "models").is_dir():
        pytest.skip(f"no test data at {folder}; set EDGED_TEST_DATA")
    return folder.resolve()


@pytest.fixture
def small():
    """The small detector that comes along."""
    return models.library(Path("nowhere")).named("edged-person")
