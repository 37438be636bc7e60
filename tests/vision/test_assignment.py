from itertools import permutations

import numpy as np
import pytest

from edged.vision.assignment import assign


def best_by_trying_all(weights):
    wide = np.maximum(weights if weights.shape[0] <= weights.shape[1] else weights.T, 0.0)
    rows = range(wide.shape[0])
    return max(
        sum(wide[r, c] for r, c in zip(rows, p, strict=True)) for p in permutations(range(wide.shape[1]), len(rows))
    )


@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (5, 5), (2, 6), (6, 3)])
def test_any_weights_give_the_greatest_sum(shape):
    random = np.random.default_rng(7)
    for _ in range(100):
        weights = np.round(random.uniform(-0.5, 1.0, shape), 1)  # rounded, so that there are ties
        rows, columns = assign(weights)
        assert weights[rows, columns].sum() == pytest.approx(best_by_trying_all(weights))
        assert len(set(rows)) == len(rows)
        assert len(set(columns)) == len(columns)
        assert (weights[rows, columns] > 0.0).all()


def test_a_greedy_choice_that_costs_more_than_it_gains_is_not_made():
    rows, columns = assign(np.array([[0.9, 0.8], [0.8, 0.1]]))
    assert sorted(zip(rows, columns, strict=True)) == [(0, 1), (1, 0)]


def test_equal_weights_everywhere_still_pair_everybody():
    rows, columns = assign(np.ones((40, 40)))
    assert sorted(rows) == sorted(columns) == list(range(40))


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0), (3, 3)])
def test_nothing_worth_a_pair_gives_none(shape):
    rows, columns = assign(np.zeros(shape))
    assert len(rows) == len(columns) == 0
