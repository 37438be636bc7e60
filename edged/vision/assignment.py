"""Who belongs to whom: the assignment of rows to columns that adds up to the greatest weight.

If every row likes another column best, that is the answer, and in most frames it is. Otherwise a pair that outweighs the best rival in its
row and the best rival in its column together is in some best assignment, because one that breaks it up gains at most those two. Such
pairs are taken at once, again and again. What is left after that, next to nothing on the boxes of a frame, goes to the Hungarian
method (shortest augmenting paths; Jonker and Volgenant 1987).
"""

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float64]
Pairs = tuple[NDArray[np.intp], NDArray[np.intp]]


def assign(weights: Weights) -> Pairs:
    """(rows, columns) of the best assignment of `weights` (R, C); only pairs of weight > 0 are ever made. O(n³) at worst."""
    if not weights.size:
        return _pairs([])
    rows, columns = _favourites(weights)
    if len(set(columns.tolist())) == len(columns):
        return rows, columns
    left = np.maximum(weights, 0.0)
    clear = np.zeros(left.shape, np.bool_)
    while (sure := _undisputed(left)).any():
        clear |= sure
        left[sure.any(axis=1)] = 0.0
        left[:, sure.any(axis=0)] = 0.0
    rows, columns = np.nonzero(clear)
    if not left.any():
        return rows, columns
    more_rows, more_columns = _disputed(left)
    return np.concatenate([rows, more_rows]), np.concatenate([columns, more_columns])


def _favourites(weights: Weights) -> Pairs:
    """The rows that have a pair, with the best column of each."""
    best = weights.argmax(axis=1)
    rows = np.flatnonzero(weights[np.arange(len(weights)), best] > 0.0)
    return rows, best[rows]


def _undisputed(weights: Weights) -> NDArray[np.bool_]:
    """At most one pair per row and column; all that are certain at this point, ties aside."""
    best = (weights > 0.0) & (weights == weights.max(axis=1, keepdims=True)) & (weights == weights.max(axis=0))
    rivals = np.where(best, 0.0, weights)
    sure = best & (weights >= rivals.max(axis=1, keepdims=True) + rivals.max(axis=0))
    alone: NDArray[np.bool_] = sure & (best.sum(axis=1, keepdims=True) == 1) & (best.sum(axis=0) == 1)
    return alone


def _disputed(weights: Weights) -> Pairs:
    """The Hungarian method on the rows and columns that still have a pair."""
    rows, columns = np.flatnonzero(weights.any(axis=1)), np.flatnonzero(weights.any(axis=0))
    small = weights[np.ix_(rows, columns)]
    turned = small.shape[0] > small.shape[1]
    chosen = _hungarian(-(small.T if turned else small))
    pairs = [(column, row) if turned else (row, column) for row, column in enumerate(chosen)]
    return _pairs([(int(rows[r]), int(columns[c])) for r, c in pairs if small[r, c] > 0.0])


def _hungarian(cost: Weights) -> list[int]:
    """The column of each row at least total cost; `cost` (R, C) with R <= C. Inside, rows and columns count from 1; 0 is nobody."""
    height, width = cost.shape
    row_price, column_price = np.zeros(height + 1), np.zeros(width + 1)
    owner, before = np.zeros(width + 1, np.intp), np.zeros(width + 1, np.intp)
    for row in range(1, height + 1):
        owner[0], column = row, 0
        reach, visited = np.full(width + 1, np.inf), np.zeros(width + 1, np.bool_)
        while owner[column]:
            visited[column] = True
            step = cost[owner[column] - 1] - row_price[owner[column]] - column_price[1:]
            closer = np.flatnonzero(~visited[1:] & (step < reach[1:])) + 1
            reach[closer], before[closer] = step[closer - 1], column
            column = int(np.where(visited, np.inf, reach).argmin())
            gain = reach[column]
            row_price[owner[visited]] += gain
            column_price[visited] -= gain
            reach[~visited] -= gain
        while column:
            owner[column] = owner[before[column]]
            column = int(before[column])
    columns = [0] * height
    for column in range(1, width + 1):
        if owner[column]:
            columns[owner[column] - 1] = column - 1
    return columns


def _pairs(pairs: list[tuple[int, int]]) -> Pairs:
    both = np.array(pairs, np.intp).reshape(-1, 2)
    return both[:, 0], both[:, 1]
