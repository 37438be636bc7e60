"""What other thresholds and minimum heights would make of a detector: from this its card's `score` and `min_height` are chosen."""

from collections.abc import Sequence

from models.train import scores
from models.train.measure import Looks, Seen, share

SCORES = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85)
HEIGHTS = (0.0, 0.08, 0.12, 0.16)


def table(found: Looks) -> str:
    """Markdown: for each minimum height and score what is found, what of it is right, and what is seen where nobody is."""
    lines = [
        "| min height | score | val recall | precision | MOT recall | precision | empty | one-by-one in full | … nobody |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for height in HEIGHTS:
        held_out, mot = _judged(found.held_out, height), _judged(found.mot, height)
        for score in SCORES:
            pairs = (*scores.recall_and_precision(held_out, score), *scores.recall_and_precision(mot, score))
            rates = [share(some, score, height) for some in (found.in_full, found.nobody)]
            lines.append(
                f"| {height:.2f} | {score:.2f} | {' | '.join(f'{value:.2f}' for value in pairs)} | {scores.false_alarms(held_out, score):.0f} | "
                f"{' | '.join('–' if rate is None else f'{rate:.1%}' for rate in rates)} |"
            )
    return "\n".join(lines)


def _judged(pictures: Sequence[Seen], height: float) -> list[scores.Judged]:
    return [one.judged(height) for one in pictures]
