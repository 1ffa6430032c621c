"""A linear-chain conditional random field: one distribution over whole sequences of tags.

A network gives each step t an emission, a score for every tag. Tagging each step by itself
ignores that some tags cannot follow others. The conditional random field of Lafferty, McCallum
and Pereira (2001) adds a score for every pair of neighbours and normalises over all sequences:

    p(y | e) = exp(score(y, e)) / Z(e)
    score(y, e) = start[y_1] + sum_t e[t, y_t] + sum_t transitions[y_{t-1}, y_t] + end[y_T]

Z sums over K^T sequences. The forward algorithm finds it in T K^2 operations, the Viterbi
algorithm the best sequence likewise.

============ ============= ========================================================
symbol       shape         meaning
============ ============= ========================================================
emissions    (N, T, K)     score of each tag at each step, from a network
tags         (N, T)        whole numbers from 0 to K - 1
mask         (N, T)        True where a step counts: from the first step on, no gaps
transitions  (K, K)        score of tag j followed by tag k
start, end   (K,)          score of a tag at the first step, at the last
alpha        (N, T, K)     log of the sum over all beginnings that end in tag k at t
beta         (N, T, K)     log of the sum over all endings that follow tag k at t
log_z        (N,)          log Z
============ ============= ========================================================
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from rnnbook._check import check_dtypes, check_floating, check_shape, check_sizes, check_type


class Params(NamedTuple):
    """Scores that do not depend on the input."""

    transitions: np.ndarray  # (K, K)
    start: np.ndarray  # (K,)
    end: np.ndarray  # (K,)


class Cache(NamedTuple):
    """What the backward pass needs from the forward pass."""

    emissions: np.ndarray  # (N, T, K), zero where masked
    tags: np.ndarray  # (N, T), zero where masked
    mask: np.ndarray  # (N, T)
    alpha: np.ndarray  # (N, T, K)
    log_z: np.ndarray  # (N,)


def init(num_tags: int, *, dtype: DTypeLike = np.float64) -> Params:
    """Zeros: every sequence of tags starts out equally likely.

    >>> [w.shape for w in init(4)]
    [(4, 4), (4,), (4,)]
    """
    check_sizes(num_tags=num_tags)
    check_floating(dtype)
    K = num_tags
    return Params(np.zeros((K, K), dtype), np.zeros(K, dtype), np.zeros(K, dtype))


def forward(
    params: Params, emissions: np.ndarray, tags: np.ndarray, *, mask: np.ndarray | None = None
) -> tuple[np.ndarray, Cache]:
    """The loss -log p(tags | emissions) of each sequence (N,), and what `backward` needs.

    Raises `ValueError` for wrong shapes, tags outside 0 to K - 1 or a mask with gaps, and
    `TypeError` for wrong dtypes.

    >>> loss, cache = forward(init(2), np.zeros((1, 3, 2)), np.array([[0, 1, 1]]))
    >>> np.exp(-loss)  # one of eight sequences
    array([0.125])
    """
    emissions, mask = _checked(params, emissions, mask)
    tags = _checked_tags(tags, mask, emissions.shape[2])
    alpha = _forward_algorithm(params, emissions, mask)
    log_z = _log_sum_exp(alpha[:, -1] + params.end, axis=-1)  # eq-crf-log-z
    loss = log_z - _score(params, emissions, tags, mask)  # eq-crf-loss
    return loss, Cache(emissions, tags, mask, alpha, log_z)


def backward(params: Params, cache: Cache, dloss: np.ndarray) -> tuple[Params, np.ndarray]:
    """Gradients of the parameters (same type) and of the emissions; `dloss` is (N,).

    The gradient of log Z is a probability: that of a tag at a step, and of a pair at two steps.
    So each gradient is what the model expects, minus what is there.

    >>> loss, cache = forward(init(2), np.zeros((1, 3, 2)), np.array([[0, 1, 1]]))
    >>> dparams, demissions = backward(init(2), cache, np.ones(1))
    >>> demissions[0]
    array([[-0.5,  0.5],
           [ 0.5, -0.5],
           [ 0.5, -0.5]])
    """
    check_type("params", params, (Params,))
    emissions, tags, mask, alpha, log_z = cache
    check_shape("dloss", dloss, "(N,)", (len(tags),))
    there = np.eye(emissions.shape[2], dtype=emissions.dtype)[tags]
    tag, pair = _expected(params, emissions, mask, alpha, log_z)
    pair_there = there[:, :-1, :, None] * there[:, 1:, None] * mask[:, 1:, None, None]
    demissions = (tag - there) * mask[..., None] * dloss[:, None, None]  # eq-crf-demissions
    d_pairs = (pair - pair_there) * dloss[:, None, None, None]
    dtransitions = d_pairs.sum(axis=(0, 1))  # eq-crf-dtransitions
    dstart = demissions[:, 0].sum(axis=0)  # eq-crf-dstart
    dend = demissions[np.arange(len(tags)), mask.sum(axis=1) - 1].sum(axis=0)  # eq-crf-dend
    return Params(dtransitions, dstart, dend), demissions


def marginals(
    params: Params, emissions: np.ndarray, *, mask: np.ndarray | None = None
) -> np.ndarray:
    """The probability of each tag at each step (N, T, K), by the forward-backward algorithm.

    Zero at masked steps.

    >>> marginals(init(2), np.zeros((1, 2, 2)))
    array([[[0.5, 0.5],
            [0.5, 0.5]]])
    """
    emissions, mask = _checked(params, emissions, mask)
    alpha = _forward_algorithm(params, emissions, mask)
    log_z = _log_sum_exp(alpha[:, -1] + params.end, axis=-1)
    tag, _ = _expected(params, emissions, mask, alpha, log_z)
    return tag


def viterbi(
    params: Params, emissions: np.ndarray, *, mask: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The best tags (N, T), 0 where masked, and their scores (N,) (Viterbi 1967).

    >>> never = Params(np.array([[0.0, 0.0], [-np.inf, 0.0]]), np.zeros(2), np.zeros(2))
    >>> emissions = np.array([[[0.0, 1.0], [3.0, 0.0]]])  # tag by tag the best are 1, 0
    >>> viterbi(never, emissions)[0]
    array([[0, 0]])
    """
    emissions, mask = _checked(params, emissions, mask)
    N, T, K = emissions.shape
    best = params.start + emissions[:, 0]
    came_from = np.zeros((N, T, K), dtype=np.int64)
    for t in range(1, T):
        scores = best[:, :, None] + params.transitions
        came_from[:, t] = scores.argmax(axis=1)  # eq-crf-came-from
        reached = scores.max(axis=1) + emissions[:, t]  # eq-crf-viterbi
        best = np.where(mask[:, t, None], reached, best)
    final = best + params.end
    tags = np.zeros((N, T), dtype=np.int64)
    tag, rows = final.argmax(axis=1), np.arange(N)
    for t in reversed(range(T)):
        tags[:, t] = np.where(mask[:, t], tag, 0)
        tag = np.where(mask[:, t], came_from[rows, t, tag], tag)
    return tags, final.max(axis=1)


# The two recursions, from the front and from the back.


def _forward_algorithm(params, emissions, mask):
    alpha = np.empty_like(emissions)
    alpha[:, 0] = params.start + emissions[:, 0]  # eq-crf-alpha-first
    for t in range(1, emissions.shape[1]):
        before = alpha[:, t - 1, :, None] + params.transitions
        reached = _log_sum_exp(before, axis=1) + emissions[:, t]  # eq-crf-alpha
        alpha[:, t] = np.where(mask[:, t, None], reached, alpha[:, t - 1])
    return alpha


def _backward_algorithm(params, emissions, mask):
    beta = np.empty_like(emissions)
    beta[:, -1] = params.end  # eq-crf-beta-last
    for t in reversed(range(emissions.shape[1] - 1)):
        after = params.transitions + (emissions[:, t + 1] + beta[:, t + 1])[:, None]
        reached = _log_sum_exp(after, axis=2)  # eq-crf-beta
        beta[:, t] = np.where(mask[:, t + 1, None], reached, params.end)
    return beta


def _expected(params, emissions, mask, alpha, log_z):
    """Probabilities of a tag at a step (N, T, K), of a pair at two (N, T - 1, K, K)."""
    beta = _backward_algorithm(params, emissions, mask)
    tag = np.exp(alpha + beta - log_z[:, None, None])  # eq-crf-tag
    ahead = (emissions + beta)[:, 1:, None] - log_z[:, None, None, None]
    both = np.where(mask[:, 1:, None, None], alpha[:, :-1, :, None] + ahead, -np.inf)
    pair = np.exp(both + params.transitions)  # eq-crf-pair
    return tag * mask[..., None], pair


def _score(params, emissions, tags, mask):
    """The score of one sequence of tags for each row, (N,)."""
    rows, last = np.arange(len(tags)), mask.sum(axis=1) - 1
    emitted = np.take_along_axis(emissions, tags[..., None], axis=2)[..., 0]
    moved = params.transitions[tags[:, :-1], tags[:, 1:]]
    emitted, moved = np.where(mask, emitted, 0), np.where(mask[:, 1:], moved, 0)
    ends = params.start[tags[:, 0]] + params.end[tags[rows, last]]
    score = ends + emitted.sum(axis=1) + moved.sum(axis=1)  # eq-crf-score
    return score


def _log_sum_exp(a, axis):
    """log(sum(exp(a))), safe for large numbers and where all are -inf."""
    highest = a.max(axis=axis, keepdims=True) if a.dtype.kind != "c" else _by_real_part(a, axis)
    highest = np.where(np.isfinite(highest), highest, 0)
    with np.errstate(divide="ignore"):  # log 0 = -inf is meant
        return np.log(np.exp(a - highest).sum(axis=axis)) + highest.squeeze(axis)


def _by_real_part(a, axis):
    """The largest real part: complex-step differentiation needs it."""
    return a.real.max(axis=axis, keepdims=True)


# Checks.


def _checked(params, emissions, mask):
    """Copies of the emissions, zero where masked, and of the mask, after a look at all shapes."""
    check_type("params", params, (Params,))
    check_dtypes(emissions=emissions, **params._asdict())
    if emissions.ndim != 3 or 0 in emissions.shape:
        raise ValueError(
            f"emissions has shape {emissions.shape}; expected (N, T, K), none of them 0"
        )
    N, T, K = emissions.shape
    check_shape("transitions", params.transitions, "(K, K)", (K, K))
    check_shape("start", params.start, "(K,)", (K,))
    check_shape("end", params.end, "(K,)", (K,))
    mask = np.ones((N, T), bool) if mask is None else mask
    if mask.dtype != bool:
        raise TypeError(f"mask has dtype {mask.dtype}; expected bool")
    check_shape("mask", mask, "(N, T)", (N, T))
    if not mask[:, 0].all():
        n = int(np.flatnonzero(~mask[:, 0])[0])
        raise ValueError(f"mask[{n}] does not count the first step; expected at least one step")
    if (mask[:, 1:] & ~mask[:, :-1]).any():
        raise ValueError("mask has a gap; expected sequences padded at their end only")
    if not np.isfinite(emissions[mask]).all():
        raise ValueError("emissions has NaN or infinity at a step that counts")
    return np.where(mask[..., None], emissions, 0), mask.copy()


def _checked_tags(tags, mask, K):
    check_shape("tags", tags, "(N, T)", mask.shape)
    if not np.issubdtype(tags.dtype, np.integer):
        raise TypeError(f"tags has dtype {tags.dtype}; expected whole numbers")
    tags = np.where(mask, tags, 0)
    if tags.min() < 0 or tags.max() >= K:
        raise ValueError(f"tags has {tags.min()} to {tags.max()}; expected 0 to {K - 1}")
    return tags
