"""From a model of the next token to whole sequences: greedy, sampling, beam search.

All functions here know a model by one function alone,

    log_probs, state = step(tokens, state)

which takes the last token of N sequences, whole numbers (N,), and the model's state, and returns
the log-probabilities of the next token as a NumPy array (N, V), with the new state. So they
serve NumPy, PyTorch and TensorFlow models alike.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rnnbook._check import check_sizes
from rnnbook.tree import tree_map


class Hypothesis(NamedTuple):
    """One finished or cut sequence of a beam search."""

    tokens: list  # without the end token
    log_prob: float  # of all tokens, and of the end token where it ended
    score: float  # log_prob divided by the length penalty: what the beams are ranked by
    ended: bool  # False where max_steps came first


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """log(exp(l) / sum(exp(l))) over the last axis, safe for large numbers.

    >>> np.exp(log_softmax(np.array([1000.0, 1000.0])))
    array([0.5, 0.5])
    """
    logits = logits - logits.max(axis=-1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def sharpen(log_probs: np.ndarray, temperature: float) -> np.ndarray:
    """The distribution p^(1 / temperature), normalised: sharper below 1, flatter above 1.

    >>> np.exp(sharpen(np.log([0.8, 0.2]), 0.5)).round(3)
    array([0.941, 0.059])
    """
    if not temperature > 0:
        raise ValueError(f"temperature is {temperature}; expected more than 0 (for 0, use greedy)")
    return log_softmax(log_probs / temperature)


def keep_top_k(log_probs: np.ndarray, k: int) -> np.ndarray:
    """The distribution on its k most probable tokens, normalised (Fan et al. 2018).

    >>> np.exp(keep_top_k(np.log([0.5, 0.3, 0.2]), 2))
    array([0.625, 0.375, 0.   ])
    """
    check_sizes(top_k=k)
    order = np.argsort(-log_probs, axis=-1, kind="stable")
    keep = np.zeros(log_probs.shape, bool)
    np.put_along_axis(keep, order[..., :k], True, axis=-1)
    return log_softmax(np.where(keep, log_probs, -np.inf))


def keep_top_p(log_probs: np.ndarray, p: float) -> np.ndarray:
    """The distribution on its nucleus, normalised (Holtzman et al. 2020).

    The nucleus is the smallest set of most probable tokens whose probabilities sum to p or more.

    >>> np.exp(keep_top_p(np.log([0.5, 0.3, 0.2]), 0.7))
    array([0.625, 0.375, 0.   ])
    """
    if not 0 < p <= 1:
        raise ValueError(f"top_p is {p}; expected a probability above 0 and at most 1")
    order = np.argsort(-log_probs, axis=-1, kind="stable")
    probs = np.exp(np.take_along_axis(log_probs, order, axis=-1))
    before = np.cumsum(probs, axis=-1) - probs  # what the more probable tokens have already
    keep = np.zeros(log_probs.shape, bool)
    np.put_along_axis(keep, order, before < p, axis=-1)
    return log_softmax(np.where(keep, log_probs, -np.inf))


def greedy(step: Callable, state, start, *, max_steps: int, end: int | None = None) -> list[list]:
    """The most probable next token, again and again, for N sequences at once.

    `start` holds the N first tokens (N,), which are not part of the result. A sequence stops
    after `max_steps` tokens or before the token `end`.

    >>> def step(tokens, state):  # counts upwards from 0 to 3, then starts again
    ...     return np.log(np.eye(4)[(tokens + 1) % 4] + 1e-300), state
    >>> greedy(step, None, [0, 2], max_steps=5, end=3)
    [[1, 2], []]
    """
    return _decode(lambda log_probs: log_probs.argmax(axis=-1), step, state, start, max_steps, end)


def sample(
    rng: np.random.Generator,
    step: Callable,
    state,
    start,
    *,
    max_steps: int,
    end: int | None = None,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> list[list]:
    """The next token drawn from its distribution, again and again, for N sequences at once.

    The distribution is changed by `temperature` first, then cut to `top_k` tokens, then to the
    nucleus `top_p`. Without any of them it is the model's own. Otherwise as `greedy`.

    >>> def step(tokens, state):
    ...     return np.log(np.full((len(tokens), 2), 0.5)), state
    >>> sample(np.random.default_rng(0), step, None, [0], max_steps=8)
    [[1, 1, 0, 0, 0, 1, 1, 1]]
    """

    def choose(log_probs):
        return draw(rng, reshape(log_probs, temperature=temperature, top_k=top_k, top_p=top_p))

    return _decode(choose, step, state, start, max_steps, end)


def reshape(
    log_probs: np.ndarray,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> np.ndarray:
    """The distribution that `sample` draws from.

    >>> np.exp(reshape(np.log([0.5, 0.3, 0.2]), temperature=0.5, top_k=2)).round(3)
    array([0.735, 0.265, 0.   ])
    """
    log_probs = sharpen(log_probs, temperature)
    log_probs = log_probs if top_k is None else keep_top_k(log_probs, top_k)
    return log_probs if top_p is None else keep_top_p(log_probs, top_p)


def forbid(step: Callable, *tokens: int) -> Callable:
    """The model `step` without some tokens: their probability goes to the others.

    Use it for tokens that cannot be written, such as "<unk>".

    >>> def step(tokens, state):
    ...     return np.log([[0.5, 0.3, 0.2]]), state
    >>> np.exp(forbid(step, 0)(np.array([1]), None)[0])
    array([[0. , 0.6, 0.4]])
    """

    def allowed(last, state):
        log_probs, state = step(last, state)
        log_probs = np.array(log_probs)
        log_probs[:, list(tokens)] = -np.inf
        return log_softmax(log_probs), state

    return allowed


def draw(rng: np.random.Generator, log_probs: np.ndarray) -> np.ndarray:
    """One token from each row of log-probabilities (N, V), by the Gumbel-max trick.

    The largest of log p + g, with g drawn from a Gumbel distribution, falls on each token with
    its probability (Gumbel 1954).

    >>> draw(np.random.default_rng(0), np.log(np.array([[1e-300, 1.0], [1.0, 1e-300]])))
    array([1, 0])
    """
    return (log_probs + rng.gumbel(size=log_probs.shape)).argmax(axis=-1)


def beam_search(
    step: Callable,
    state,
    start: int,
    *,
    width: int,
    max_steps: int,
    end: int,
    length_penalty: float = 0.0,
    take: Callable = lambda array, rows: array[rows],
) -> list[Hypothesis]:
    """The best sequences found when the `width` best beginnings are kept at every step.

    One sequence at a time: `state` has a batch of one, `start` is one token. Sequences are
    ranked by log p / ((5 + length) / 6)^length_penalty (Wu et al. 2016), with the end token
    counted. The search stops when no beginning can still beat the `width` best that have ended.
    `take(array, rows)` picks rows of the state's batch: for TensorFlow tf.gather, for torch's
    own layers lambda array, rows: array[:, rows].

    Returns at most `width` hypotheses, the best first, those that ended before those cut at
    `max_steps`. With `width` at least as large as the number of all beginnings the result is
    exact.

    >>> table = np.log([[0.01, 0.50, 0.49], [0.40, 0.30, 0.30], [0.98, 0.01, 0.01]])
    >>> def step(tokens, state):
    ...     return table[tokens], state
    >>> greedy(step, None, [0], max_steps=3, end=0)
    [[1]]
    >>> beam_search(step, np.zeros(1), 0, width=2, max_steps=3, end=0)[0].tokens
    [2]
    """
    check_sizes(width=width, max_steps=max_steps)

    def score(log_prob, length):
        return log_prob / ((5 + length) / 6) ** length_penalty

    live, log_prob, finished = [[]], np.zeros(1), []
    tokens = np.array([start])
    for length in range(1, max_steps + 1):
        log_probs, state = step(tokens, state)
        total = log_prob[:, None] + _checked(log_probs, len(live))
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
        live = [[*live[row], int(token)] for row, token in zip(rows, tokens, strict=True)]
        log_prob = total[rows, tokens]
        state = tree_map(lambda array, rows=rows: take(array, rows), state)
        # A beginning only loses probability, and the penalty is largest at max_steps.
        best_possible = score(log_prob, max_steps)
        if not live or (len(finished) == width and (best_possible <= finished[-1].score).all()):
            return finished
    cut = [
        Hypothesis(t, float(p), float(score(p, max_steps)), False)
        for t, p in zip(live, log_prob, strict=True)
    ]
    return (finished + cut)[:width]


def _decode(choose, step, state, start, max_steps, end):
    """The loop of `greedy` and `sample`: N sequences until each has met `end`."""
    check_sizes(max_steps=max_steps)
    tokens = np.asarray(start)
    if tokens.ndim != 1 or not np.issubdtype(tokens.dtype, np.integer) or not len(tokens):
        raise ValueError(f"start is {start!r}; expected whole numbers (N,), one a sequence")
    sequences = [[] for _ in tokens]
    for _ in range(max_steps):
        log_probs, state = step(tokens, state)
        tokens = choose(_checked(log_probs, len(tokens)))
        for sequence, token in zip(sequences, tokens, strict=True):
            if end is None or end not in sequence:
                sequence.append(int(token))
        if end is not None and all(end in sequence for sequence in sequences):
            break
    return [sequence if end not in sequence else sequence[:-1] for sequence in sequences]


def _checked(log_probs, batch):
    """The log-probabilities as float64, after a look at their shape and their sum."""
    log_probs = np.array(log_probs, dtype=np.float64)
    if log_probs.ndim != 2 or len(log_probs) != batch:
        raise ValueError(f"step returned log_probs {log_probs.shape}; expected (N, V), N = {batch}")
    sums = np.exp(log_probs).sum(axis=1)
    if not np.allclose(sums, 1, atol=1e-3):
        raise ValueError(
            f"step returned log_probs whose exp sums to {sums[0]:.4g}; "
            "expected 1: apply log_softmax to the logits first"
        )
    return log_probs
