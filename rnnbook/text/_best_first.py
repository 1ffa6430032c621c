"""Exact search: the most probable of all sequences, and a proof that none is more probable."""

import heapq
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from rnnbook._check import check_sizes
from rnnbook.text._step import (
    Step,
    check_token,
    checked_log_probs,
    start_tokens,
)


class MostProbable(NamedTuple):
    """The most probable sequence, and how much was looked at to know that."""

    tokens: list[int]  # without the end token
    log_prob: float  # of all tokens and of the end token
    beginnings: int  # how many beginnings the model was asked about


def most_probable(
    step: Step,
    state: Any,
    start: int,
    *,
    max_steps: int,
    end: int,
    bound: float = -np.inf,
    limit: int = 100_000,
) -> MostProbable:
    """The most probable sequence of at most `max_steps` tokens, the end token counted.

    A best-first search. log p of a beginning is the sum of log p of its tokens, and each further
    token adds at most 0: no sequence is more probable than any of its beginnings. So take the most
    probable beginning that is still open, ask the model what may follow, and leave open only those
    longer ones that are more probable than the best sequence that has ended so far. When none is
    left, that sequence is the most probable one: whatever was left aside could only have lost.

    The model is asked about as many beginnings as have a larger probability than the result, no
    more, and no search that relies on this argument alone can do with fewer. They may still be too
    many: the search then stops with a `RuntimeError` after `limit` of them. Where some sequence is
    known to reach log p = `bound`, by a beam search for instance, give it: less stays open. A
    `ValueError` says that nothing reaches the bound, or that no sequence can end. One sequence at a
    time, as in `beam_search`. Stahlberg and Byrne (2019) searched models of translation in a
    similar way, depth first.

    >>> table = np.log([[0.01, 0.50, 0.49], [0.40, 0.30, 0.30], [0.98, 0.01, 0.01]])
    >>> def step(tokens, state):
    ...     return table[tokens], state
    >>> found = most_probable(step, None, 0, max_steps=3, end=0)
    >>> found.tokens, round(float(np.exp(found.log_prob)), 4), found.beginnings
    ([2], 0.4802, 3)
    """
    check_sizes(max_steps=max_steps, limit=limit)
    if np.isnan(bound) or bound == np.inf:
        raise ValueError(f"bound is {bound}; expected a log-probability or -inf")
    best: MostProbable | None = None
    numbers = count()  # the older of two equals comes first, and states are never compared
    tokens: list[int] = []
    beginnings = 0
    # -log p, number, tokens, the last of them, the state before it
    open_ones: list[tuple[float, int, list[int], int, Any]]
    open_ones = [(0.0, next(numbers), tokens, int(start_tokens([start])[0]), state)]
    while open_ones:
        cost, _, tokens, last, before = heapq.heappop(open_ones)
        if best is not None and -cost <= best.log_prob:
            break  # all others that are open are no more probable than this one
        if beginnings == limit:
            raise RuntimeError(
                f"{limit} beginnings are more probable than the best sequence that ended"
                " (limit); the search has proved nothing"
            )
        beginnings += 1
        log_probs, after = step(np.array([last]), before)
        total = checked_log_probs(log_probs, 1)[0] - cost
        check_token("end", end, len(total))
        least = -np.inf if best is None else best.log_prob
        if total[end] > least and total[end] >= bound:
            best = MostProbable(tokens, float(total[end]), 0)
        if len(tokens) + 1 == max_steps:
            continue
        worth = total > -np.inf
        worth &= (total >= bound) if best is None else (total > best.log_prob)
        worth[end] = False
        for token in np.flatnonzero(worth):
            longer = [*tokens, int(token)]
            entry = (-float(total[token]), next(numbers), longer, int(token), after)
            heapq.heappush(open_ones, entry)
    if best is None:
        reach = "above -inf" if bound == -np.inf else f"of {bound} or more"
        raise ValueError(
            f"no sequence of at most {max_steps} tokens has a log-probability {reach}; expected one"
        )
    return best._replace(beginnings=beginnings)
