"""One thread searches random vectors: our index, with its vectors in a file as the gallery has them, numpy, and faiss. Prints JSON.

python -m bench.searching COUNT QUERIES
"""

import gc
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faiss
import msgspec
import numpy as np

from bench.figures import median, percentile
from bench.people import DIMENSIONS, directions
from edged.identity.index import BLOCK, Index
from edged.identity.scan import Scan
from edged.people.vectors import Held

TOP = 10


def main(count: int, queries: int) -> None:
    faiss.omp_set_num_threads(1)
    with tempfile.TemporaryDirectory() as home:
        directions(10_000)
        Scan(directions(BLOCK))  # what the libraries take for themselves is not the gallery's
        before = resident()
        held = Held(Path(home) / "bench.rows", DIMENSIONS)
        index = Index(held)
        for start in range(0, count, 10_000):
            for number, vector in enumerate(directions(min(10_000, count - start), start), start):
                index.put(f"p{number:016x}", f"s{number:016x}", vector)
        while index.seal():
            pass
        asked = [_query(number, queries, count) for number in range(queries)]
        for query in asked[:5]:
            index.search(query, TOP)
        ours, found = timed(lambda query: index.search(query, TOP), asked)
        gc.collect()
        memory = (resident() - before) / (4 * count * DIMENSIONS)
        vectors = held.matrix[:count].copy()
    by_numpy, wanted = timed(lambda query: _numpy(vectors, query), asked)
    wrong = sum(
        [int(match.sample[1:], 16) for match in got] != rows.tolist() for got, rows in zip(found, wanted, strict=True)
    )
    flat = faiss.IndexFlatIP(DIMENSIONS)
    flat.add(vectors)
    by_faiss, _ = timed(lambda query: flat.search(query[None], TOP), asked)
    figures = {"ours": ours, "numpy": by_numpy, "faiss": by_faiss, "memory": memory, "wrong": wrong}
    print(msgspec.json.encode(figures).decode())


def timed(search: Callable[[Any], Any], asked: list[Any]) -> tuple[tuple[float, float], list[Any]]:
    """((median, p99) in ms, the answers)."""
    took, found = [], []
    for query in asked:
        began = time.perf_counter()
        found.append(search(query))
        took.append(1000 * (time.perf_counter() - began))
    return (median(took), percentile(took, 0.99)), found


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def _query(number: int, queries: int, count: int) -> Any:
    """Every other one somebody in the index, seen a little differently, the rest strangers."""
    stranger = directions(1, 10**9 + number)[0]
    if number % 2:
        return stranger
    known = directions(min(10_000, count), 0)[number * 7 % min(10_000, count)] + 0.8 * stranger
    return (known / np.linalg.norm(known)).astype(np.float32)


def _numpy(vectors: Any, query: Any) -> Any:
    scores = vectors @ query
    best = np.argpartition(-scores, TOP)[:TOP]
    return best[np.argsort(-scores[best])]


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
