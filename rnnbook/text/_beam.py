"""Beam search: the best of several beginnings at once."""

from typing import Any, NamedTuple

import numpy as np

from rnnbook._check import check_sizes
from rnnbook.text._step import (
    Step,
    Take,
    check_token,
    checked_log_probs,
    first_axis,
    naming_take,
    start_tokens,
    taken,
)


class Hypothesis(NamedTuple):
    """One finished or cut sequence of a beam search."""

    tokens: list[int]  # without the end token
    log_prob: float  # of all tokens, and of the end token where it ended
    score: float  # log_prob divided by the length penalty: what the beams are ranked by
    ended: bool  # False where max_steps came first


def beam_search(
    step: Step,
    state: Any,
    start: int,
    *,
    width: int,
    max_steps: int,
    end: int,
    length_penalty: float = 0.0,
    take: Take = first_axis,
) -> list[Hypothesis]:
    """The best sequences found when the `width` best beginnings are kept at every step.

    One sequence at a time: `state` has a batch of one, `start` is one token. Sequences are
    ranked by log p / ((5 + length) / 6)^length_penalty (Wu et al. 2016), with the end token
    counted; a penalty below 0 prefers short ones. The search stops when no beginning can still
    beat the `width` best that have ended. `take(array, rows)` picks rows of the state's batch: for
    TensorFlow tf.gather, for torch's own layers lambda array, rows: array[:, rows].

    Returns at most `width` hypotheses, the best first, those that ended before those cut at
    `max_steps`. With `width` at least as large as the number of all beginnings the result is
    exact.

    >>> table = np.log([[0.01, 0.50, 0.49], [0.40, 0.30, 0.30], [0.98, 0.01, 0.01]])
    >>> def step(tokens, state):
    ...     return table[tokens], state
    >>> beam_search(step, None, 0, width=1, max_steps=3, end=0)[0].tokens
    [1]
    >>> beam_search(step, None, 0, width=2, max_steps=3, end=0)[0].tokens
    [2]
    """
    check_sizes(width=width, max_steps=max_steps)
    if not np.isfinite(length_penalty):
        raise ValueError(f"length_penalty is {length_penalty}; expected a finite number")

    def score(log_prob: Any, length: int) -> Any:
        return log_prob / ((5 + length) / 6) ** length_penalty

    live: list[list[int]] = [[]]
    finished: list[Hypothesis] = []
    log_prob, tokens = np.zeros(1), start_tokens([start])
    for length in range(1, max_steps + 1):
        with naming_take(len(live)):
            log_probs, state = step(tokens, state)
        total = log_prob[:, None] + checked_log_probs(log_probs, len(live))
        check_token("end", end, total.shape[1])
        finished += [
            Hypothesis(t, float(p), float(score(p, length)), True)
            for t, p in zip(live, total[:, end], strict=True)
            if np.isfinite(p)
        ]
        finished = sorted(finished, key=lambda h: -h.score)[:width]
        total[:, end] = -np.inf
        best = np.argsort(-total, axis=None, kind="stable")[:width]
        best = best[np.isfinite(total.flat[best])]
        rows, tokens = np.unravel_index(best, total.shape)
        state = taken(state, rows, len(live), take)
        live = [[*live[row], int(token)] for row, token in zip(rows, tokens, strict=True)]
        log_prob = total[rows, tokens]
        # A beginning only loses probability. What is left counts most where the penalty is
        # largest: at max_steps, or at the very next step if the penalty is below 0.
        best_possible = np.maximum(score(log_prob, length + 1), score(log_prob, max_steps))
        if not live or (len(finished) == width and (best_possible <= finished[-1].score).all()):
            return finished
    cut = [
        Hypothesis(t, float(p), float(score(p, max_steps)), False)
        for t, p in zip(live, log_prob, strict=True)
    ]
    return (finished + cut)[:width]
