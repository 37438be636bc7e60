import numpy as np
import pytest
from numpy.typing import NDArray

from edged.identity import index as module
from edged.identity.index import Index, Memory
from edged.identity.scan import Scan

Floats = NDArray[np.float32]


def directions(count: int, dimensions: int = 64, seed: int = 0) -> Floats:
    made = np.random.default_rng(seed).standard_normal((count, dimensions)).astype(np.float32)
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), np.float32)


def filled(vectors: Floats) -> Index:
    index = Index(Memory(vectors.shape[1]))
    for row, vector in enumerate(vectors):
        index.put(f"p{row}", f"s{row}", vector)
    return index


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes 16,384 vectors otherwise."""
    monkeypatch.setattr(module, "BLOCK", 256)
    monkeypatch.setattr(module, "STALE", 20)


def assert_exact(index: Index, kept: dict[tuple[str, str], Floats], query: Floats, top: int) -> None:
    names = list(kept)
    scores = np.stack(list(kept.values())) @ query
    wanted = sorted(scores, reverse=True)[:top]
    found = index.search(query, top)
    assert [match.score for match in found] == pytest.approx(wanted, abs=1e-5)
    for match in found:
        assert match.score == pytest.approx(scores[names.index((match.identity, match.sample))], abs=1e-5)


def test_the_nearest_are_those_of_a_full_comparison(small_blocks: None) -> None:
    vectors = directions(1000)
    index = filled(vectors)
    while index.seal():
        pass
    kept = {(f"p{row}", f"s{row}"): vector for row, vector in enumerate(vectors)}
    for seed, query in enumerate(directions(40, seed=1)):
        near = vectors[seed] + 0.1 * query
        assert_exact(index, kept, query, 10)
        assert_exact(index, kept, near / np.linalg.norm(near), 3)


def test_it_stays_exact_while_vectors_come_go_and_change(small_blocks: None) -> None:
    random = np.random.default_rng(3)
    pool = directions(3000, 32)
    index, kept = Index(Memory(32)), dict[tuple[str, str], Floats]()
    for step in range(3000):
        name = (f"p{random.integers(700)}", "s")
        if random.random() < 0.3:
            assert index.remove(*name) == (kept.pop(name, None) is not None)
        else:
            index.put(*name, pool[step])
            kept[name] = pool[step]
        if step % 100 == 0:
            index.seal()
        if step % 250 == 249:
            assert len(index) == len(kept)
            assert_exact(index, kept, pool[(step * 7) % 3000], 5)


def test_vectors_that_are_all_the_same_are_all_found(small_blocks: None) -> None:
    index = filled(np.repeat(directions(1), 600, axis=0))
    while index.seal():
        pass
    found = index.search(directions(1)[0], 600)
    assert {match.sample for match in found} == {f"s{row}" for row in range(600)}
    assert min(match.score for match in found) == pytest.approx(1)


def test_a_first_look_is_never_further_off_than_it_says() -> None:
    rows = directions(4096, 128)
    rows[:100] = np.eye(128, dtype=np.float32)[np.arange(100)]  # as far from even as can be
    scan = Scan(rows)
    for query in (*directions(30, 128, seed=5), *np.eye(128, dtype=np.float32)[:5]):
        coarse, error = scan.scores(query)
        assert float(np.abs(coarse - rows @ query).max()) <= error


def test_what_was_removed_is_overwritten() -> None:
    rows = Memory(8)
    index = Index(rows)
    for row, vector in enumerate(directions(3, 8)):
        index.put(f"p{row}", "s", vector)
    gone = directions(3, 8)[0]
    index.remove("p0", "s")
    assert not (rows.matrix[:3] == gone).all(axis=1).any()
    assert index.vector("p0", "s") is None
    assert not index.remove("p0", "s")


def test_an_empty_index_finds_nobody_and_another_length_is_refused() -> None:
    index = Index(Memory(8))
    assert index.search(directions(1, 8)[0]) == []
    with pytest.raises(ValueError, match="does not fit"):
        index.put("p", "s", directions(1, 16)[0])
    with pytest.raises(ValueError, match="does not fit"):
        index.search(directions(1, 16)[0])
