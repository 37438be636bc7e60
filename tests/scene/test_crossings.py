"""Lines against the oracle: `python -m bench.crossings` does the same with thousands of sequences."""

from collections import Counter

import numpy as np
import pytest

from bench.counting import count, ours
from bench.walks import KINDS, tracked
from tests.scene import oracle

SEEDS = range(10_000, 10_040)  # others than the bench's


@pytest.mark.parametrize("kind", KINDS)
def test_lines_count_what_the_definition_says_of(kind):
    tally = count(kind, SEEDS, {"edged": ours})
    assert tally.sequences == len(SEEDS)
    assert tally.wrong["edged"] == 0


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "very fast"])
def test_tracker_and_lines_together_do_too(kind):
    """Whoever moves by several times his own width between two looks is beyond a tracker that knows nothing but boxes."""
    assert count(kind, range(20_000, 20_015), {"edged": ours}, tracked).wrong["edged"] == 0


def test_the_sequences_hold_what_has_to_be_counted():
    """An oracle that always said zero would agree with a counter that never counts."""
    blind = {"blind": lambda *_: Counter()}
    assert count("straight", range(20), blind).wrong["blind"] == 20
    assert count("around the end", range(20), blind).wrong["blind"] == 0
    assert 0 < count("dwell on the line", range(20), blind).wrong["blind"] < 20


def test_the_oracle_knows_left_from_right():
    """A line drawn upwards has its left on the picture's left; who walks to the right goes in."""
    upwards = np.array([[0.5, 0.9], [0.5, 0.1]])
    path = oracle.Path(np.array([0.0, 4.0]), np.array([[0.2, 0.5], [0.8, 0.5]]), 0.3)
    assert oracle.crossings(path, upwards) == {"in": 1}
    assert oracle.crossings(path, upwards, is_reversed=True) == {"out": 1}
    assert oracle.crossings(path, upwards[::-1]) == {"out": 1}
