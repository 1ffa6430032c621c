"""Spans in sequences of BIO tags, and how well predicted ones agree with true ones.

B-ARG0 begins a span with the role ARG0, I-ARG0 goes on with it, O is outside of all (Ramshaw and
Marcus 1995). An I tag that does not go on with its own role begins a span, as in the scorer of
the CoNLL shared tasks. A predicted span counts as right only if its role and both ends are.
"""

from collections.abc import Sequence
from typing import NamedTuple


class Span(NamedTuple):
    """Tokens start to stop - 1 have this role."""

    start: int
    stop: int
    role: str


class Score(NamedTuple):
    """Shares from 0 to 1."""

    precision: float  # of the predicted spans, how many are right
    recall: float  # of the true spans, how many were found
    f1: float  # the harmonic mean of both


def spans(tags: Sequence[str]) -> list[Span]:
    """The spans of one sentence, from left to right.

    Raises `ValueError` for a tag that is not O, B-ROLE or I-ROLE.

    >>> spans(["B-ARG0", "I-ARG0", "O", "B-ARG1"])
    [Span(start=0, stop=2, role='ARG0'), Span(start=3, stop=4, role='ARG1')]
    """
    found: list[Span] = []
    before = "O"
    for t, tag in enumerate(tags):
        if tag != "O" and (tag[:2] not in ("B-", "I-") or len(tag) == 2):
            raise ValueError(f"tags[{t}] is {tag!r}; expected 'O', 'B-ROLE' or 'I-ROLE'")
        if tag != "O":
            goes_on = tag[0] == "I" and before[2:] == tag[2:]
            start = found.pop().start if goes_on else t
            found.append(Span(start, t + 1, tag[2:]))
        before = tag
    return found


def score(true: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> Score:
    """Precision, recall and F1 of all spans of many sentences together.

        precision = right / predicted,   recall = right / true,   f1 = 2 right / (predicted + true)

    Where there is no predicted or no true span, that share is 0; so is F1 where there is neither.

    >>> score([["B-ARG0", "O", "B-ARG1"]], [["B-ARG0", "O", "O"]])
    Score(precision=1.0, recall=0.5, f1=0.6666666666666666)
    """
    if len(true) != len(predicted):
        raise ValueError(f"predicted has {len(predicted)} sentences; expected {len(true)}, as true")
    right = in_true = in_predicted = 0
    for n, (a, b) in enumerate(zip(true, predicted, strict=True)):
        if len(a) != len(b):
            raise ValueError(f"predicted[{n}] has {len(b)} tags; expected {len(a)}, as true[{n}]")
        there, found = set(spans(a)), set(spans(b))
        right += len(there & found)
        in_true += len(there)
        in_predicted += len(found)
    return Score(
        precision=right / max(in_predicted, 1),
        recall=right / max(in_true, 1),
        f1=2 * right / max(in_predicted + in_true, 1),
    )
