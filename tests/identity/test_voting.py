from datetime import UTC, datetime

import numpy as np
import pytest

from edged.config import Recognition
from edged.identities import Face
from edged.identity.decide import Decision
from edged.identity.voting import AFTER_END, GONE, IDLE, NOBODY, Ballot, Ballots, Portrait, Said, TrackKey
from edged.subjects import Address

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FRONT = Address("home", "edge", "front")


def match(identity: str, score: float = 0.5, margin: float = 0.1) -> Decision:
    """Of somebody, or with an empty id of nobody; the threshold is 0.4."""
    return Decision(identity, identity or "nearest", "sample", score if identity else 0.2, margin, 0.4)


def portrait(quality: float = 0.8) -> Portrait:
    face = Face(box=(0.1, 0.1, 0.1, 0.1), points=(), score=0.9, quality=quality)
    return Portrait(face, np.ones(4, np.float32) / 2, NOW, 0)


def ballot(**rules: object) -> Ballot:
    return Ballot(Recognition(**rules), NOW)


def faces(vote: Ballot, *identities: str, **how: float) -> list[Said | None]:
    return [vote.face(match(identity, **how), portrait()) for identity in identities]


def test_two_looks_that_agree_are_a_name_and_it_is_said_once() -> None:
    said = faces(ballot(), "ada", "ada", "ada", "ada")
    assert said[0] is None
    assert said[1] == Said("ada", "face", 0.5, 0.1, 2)
    assert said[2:] == [None, None]


def test_one_look_beyond_doubt_is_enough() -> None:
    assert faces(ballot(), "ada", score=0.6, margin=0.3)[0] == Said("ada", "face", 0.6, 0.3, 1)


def test_one_doubtful_look_among_strangers_is_no_name() -> None:
    assert not any(faces(ballot(), "", "ada", "", "", "", ""))


def test_looks_that_disagree_say_nothing_until_more_agree() -> None:
    said = faces(ballot(), "ada", "bob", "bob", "ada", "bob")
    assert [one.identity if one else None for one in said] == [None, None, "bob", None, None]


def test_a_name_changes_only_when_another_has_more_looks() -> None:
    vote = ballot()
    said = faces(vote, "ada", "ada", "ada", "bob", "bob", "bob", "bob")
    assert [one.identity if one else None for one in said] == [None, "ada", None, None, None, None, "bob"]


def test_a_name_is_taken_back_after_faces_that_are_not_theirs() -> None:
    vote = ballot()
    faces(vote, "ada", "ada")
    said = faces(vote, *[""] * GONE)
    assert said[:-1] == [None] * (GONE - 1)
    assert said[-1] == NOBODY


def test_a_figure_is_asked_after_looks_without_a_face() -> None:
    vote = ballot(body_after=3)
    asked = []
    for _ in range(5):
        asked.append(vote.wants_body)
        said = vote.no_face(match("ada") if vote.wants_body else None)
        if said:
            break
    assert asked == [False, False, True, True]
    assert said == Said("ada", "body", 0.5, 0.1, 2)


def test_figures_that_disagree_are_no_name() -> None:
    vote = ballot(body_after=1)
    assert not any(vote.no_face(match(who)) for who in ("ada", "bob", "ada", "", "ada"))


def test_a_figure_never_overrides_a_face() -> None:
    vote = ballot(body_after=1)
    faces(vote, "ada", "ada")
    assert not any(vote.no_face(match("bob")) for _ in range(20))
    assert vote.said.identity == "ada"


def test_who_showed_a_strangers_face_gets_no_name_by_figure() -> None:
    vote = ballot(body_after=1)
    faces(vote, "", "")
    assert not any(vote.no_face(match("ada")) for _ in range(20))


def test_a_face_overrides_a_figure() -> None:
    vote = ballot(body_after=1)
    assert [vote.no_face(match("ada")) for _ in range(2)][1]
    said = faces(vote, "bob", "bob")
    assert said[1] is not None
    assert (said[1].identity, said[1].by) == ("bob", "face")


def test_a_strangers_face_takes_back_what_the_figure_said() -> None:
    vote = ballot(body_after=1)
    assert [vote.no_face(match("ada")) for _ in range(2)][1]
    assert faces(vote, "", "")[1] == NOBODY


def test_a_stranger_is_one_who_was_seen_well_often_enough_and_matched_nobody() -> None:
    vote = ballot(unknown_looks=3, unknown_quality=0.5)
    for quality, expected in ((0.4, False), (0.8, False), (0.9, False), (0.3, False), (0.6, True)):
        vote.face(match(""), portrait(quality))
        assert vote.is_stranger is expected
    assert [one.face.quality for one in vote.portraits] == [0.9, 0.8, 0.6]
    vote.settle(Said("u1", "face", 1, 1, 3))
    assert not vote.is_stranger


def test_who_once_looked_like_somebody_is_no_stranger() -> None:
    vote = ballot()
    faces(vote, "ada", "", "", "", "")
    assert not vote.is_stranger


def test_the_same_look_twice_is_one() -> None:
    vote = ballot()
    assert [vote.is_new(pts) for pts in (1, 2, 1, 3, 3)] == [True, True, False, True, False]


def test_tracks_are_forgotten_some_time_after_their_end() -> None:
    votes = Ballots(Recognition())
    first, second = (TrackKey(FRONT, "s", track) for track in (1, 2))
    kept = votes.of(first, NOW, 0.0)
    votes.end(first)
    assert votes.of(first, NOW, AFTER_END - 1) is kept
    votes.of(second, NOW, 2 * AFTER_END)
    assert votes.of(first, NOW, 2 * AFTER_END) is not kept
    votes.of(TrackKey(FRONT, "s", 3), NOW, 3 * IDLE)
    assert len(votes) == 1


@pytest.mark.parametrize("over", [False, True])
def test_who_is_in_sight_by_their_face_is_known_until_their_track_is_over(over: bool) -> None:
    votes = Ballots(Recognition())
    one, other = (TrackKey(FRONT, "s", track) for track in (1, 2))
    faces(votes.of(one, NOW, 0.0), "ada", "ada")
    if over:
        votes.end(one)
    assert votes.shown(FRONT, but=other) == (set() if over else {"ada"})
    assert votes.shown(FRONT, but=one) == set()
    assert votes.shown(Address("home", "edge", "back"), but=other) == set()
