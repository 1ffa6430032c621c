"""Distributions of the next token as log-probabilities: normalise, sharpen, cut, draw.

All functions take one distribution (V,) or several (..., V), tokens along the last axis, as an
array of any framework, and return a NumPy array.
"""

from typing import Any

import numpy as np

from rnnbook._check import check_sizes
from rnnbook._rng import check_rng


def as_array(values: Any) -> np.ndarray:
    """The numbers of any framework as a NumPy array, without their graph; 16 bits become 32.

    >>> as_array(np.array([0.5, -2], np.float16))
    array([ 0.5, -2. ], dtype=float32)
    """
    if hasattr(values, "detach"):  # a tensor of torch, which NumPy may not read as it is
        values = values.detach().cpu()
        values = values.float() if has_16_bits(values) else values
    array = np.asarray(values)
    return array.astype(np.float32) if has_16_bits(array) else array


def has_16_bits(values: Any) -> bool:
    """Whether an array of any framework has float16 or bfloat16.

    >>> has_16_bits(np.zeros(3, np.float16)), has_16_bits(np.zeros(3))
    (True, False)
    """
    return "float16" in str(getattr(values, "dtype", ""))


def _numbers(name: str, values: Any) -> np.ndarray:
    """The values as an array; raises `ValueError` for NaN and infinity, which rank nowhere."""
    array = as_array(values)
    bad = np.argwhere(np.isnan(array) | (array == np.inf))
    if len(bad):
        place = ", ".join(map(str, bad[0]))
        raise ValueError(f"{name}[{place}] is {array[tuple(bad[0])]}; expected a number or -inf")
    return array


def log_softmax(logits: Any) -> np.ndarray:
    """log(exp(l) / sum(exp(l))) over the last axis, safe for large numbers.

    Raises `ValueError` where no token is left, that is where all logits are -inf, and where one is
    NaN or infinity.

    >>> np.exp(log_softmax(np.array([1000.0, 1000.0])))
    array([0.5, 0.5])
    """
    logits = _numbers("logits", logits)
    largest = logits.max(axis=-1, keepdims=True)
    if (largest == -np.inf).any():
        raise ValueError("logits are all -inf; expected at least one possible token")
    logits = logits - largest
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def sharpen(log_probs: Any, temperature: float) -> np.ndarray:
    """The distribution p^(1 / temperature), normalised: sharper below 1, flatter above 1.

    >>> np.exp(sharpen(np.log([0.8, 0.2]), 0.5)).round(3)
    array([0.941, 0.059])
    """
    if not 0 < temperature < np.inf:
        raise ValueError(
            f"temperature is {temperature}; expected more than 0, and finite (for 0, use greedy)"
        )
    return log_softmax(_numbers("log_probs", log_probs) / temperature)


def keep_top_k(log_probs: Any, k: int) -> np.ndarray:
    """The distribution on its k most probable tokens, normalised (Fan et al. 2018).

    >>> np.exp(keep_top_k(np.log([0.5, 0.3, 0.2]), 2))
    array([0.625, 0.375, 0.   ])
    """
    check_sizes(top_k=k)
    log_probs = _numbers("log_probs", log_probs)
    order = np.argsort(-log_probs, axis=-1, kind="stable")
    keep = np.zeros(log_probs.shape, bool)
    np.put_along_axis(keep, order[..., :k], True, axis=-1)
    return log_softmax(np.where(keep, log_probs, -np.inf))


def keep_top_p(log_probs: Any, p: float) -> np.ndarray:
    """The distribution on its nucleus, normalised (Holtzman et al. 2020).

    The nucleus is the smallest set of most probable tokens whose probabilities sum to p or more.

    >>> np.exp(keep_top_p(np.log([0.5, 0.3, 0.2]), 0.7))
    array([0.625, 0.375, 0.   ])
    """
    if not 0 < p <= 1:
        raise ValueError(f"top_p is {p}; expected a probability above 0 and at most 1")
    log_probs = _numbers("log_probs", log_probs)
    if p == 1:  # a sum that rounding brings to 1 early must not cut the rest
        return log_softmax(log_probs)
    order = np.argsort(-log_probs, axis=-1, kind="stable")
    probs = np.exp(np.take_along_axis(log_probs, order, axis=-1))
    before = np.cumsum(probs, axis=-1) - probs  # what the more probable tokens have already
    keep = np.zeros(log_probs.shape, bool)
    np.put_along_axis(keep, order, before < p, axis=-1)
    return log_softmax(np.where(keep, log_probs, -np.inf))


def keep_min_p(log_probs: Any, p: float) -> np.ndarray:
    """The distribution on tokens nearly as probable as the best, normalised (Nguyen et al. 2025).

    Kept are the tokens i with p_i >= p max_j p_j. So the threshold is high where the model is sure
    and low where it is not. With p = 0 all are kept, with p = 1 only the most probable and its
    equals. Raises `ValueError` for a p outside of 0 to 1.

    >>> np.exp(keep_min_p(np.log([0.5, 0.3, 0.2]), 0.5))
    array([0.625, 0.375, 0.   ])
    """
    if not 0 <= p <= 1:
        raise ValueError(f"min_p is {p}; expected a share of the largest probability, from 0 to 1")
    log_probs = _numbers("log_probs", log_probs)
    if p == 0:
        return log_softmax(log_probs)
    threshold = log_probs.max(axis=-1, keepdims=True) + np.log(p)
    return log_softmax(np.where(log_probs >= threshold, log_probs, -np.inf))


def keep_typical(log_probs: Any, mass: float) -> np.ndarray:
    """The distribution on its typical set, normalised (Meister et al. 2023).

    A draw has a surprise of H = -sum_j p_j log p_j on average. Tokens are ranked by how far their
    own surprise -log p_i lies from that, the nearest first, and the smallest set of first ones
    whose probabilities sum to `mass` or more is kept. It need not hold the most probable token. Of
    equals the first is kept. Raises `ValueError` for a mass that is not above 0 and at
    most 1.

    >>> np.exp(keep_typical(np.log([0.6, 0.2, 0.1, 0.1]), 0.15))
    array([0., 1., 0., 0.])
    """
    if not 0 < mass <= 1:
        raise ValueError(f"typical_p is {mass}; expected a probability above 0 and at most 1")
    log_probs = log_softmax(_numbers("log_probs", log_probs))
    if mass == 1:  # a sum that rounding brings to 1 early must not cut the rest
        return log_probs
    probs = np.exp(log_probs)
    surprise = np.where(probs > 0, -log_probs, 0.0)
    entropy = (probs * surprise).sum(axis=-1, keepdims=True)
    distance = np.where(probs > 0, np.abs(surprise - entropy), np.inf)
    order = np.argsort(distance, axis=-1, kind="stable")
    probs = np.take_along_axis(probs, order, axis=-1)
    before = np.cumsum(probs, axis=-1) - probs
    keep = np.zeros(log_probs.shape, bool)
    np.put_along_axis(keep, order, before < mass, axis=-1)
    return log_softmax(np.where(keep, log_probs, -np.inf))


def reshape(
    log_probs: Any,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    typical_p: float | None = None,
) -> np.ndarray:
    """The distribution that `sample` draws from.

    That is `sharpen`, then `keep_top_k`, `keep_top_p`, `keep_min_p` and `keep_typical`, as far as
    they are asked for.

    >>> np.exp(reshape(np.log([0.5, 0.3, 0.2]), temperature=0.5, top_k=2)).round(3)
    array([0.735, 0.265, 0.   ])
    """
    changed = sharpen(log_probs, temperature)
    changed = changed if top_k is None else keep_top_k(changed, top_k)
    changed = changed if top_p is None else keep_top_p(changed, top_p)
    changed = changed if min_p is None else keep_min_p(changed, min_p)
    return changed if typical_p is None else keep_typical(changed, typical_p)


def draw(rng: np.random.Generator, log_probs: Any) -> np.ndarray:
    """One token from each row of log-probabilities (N, V), by the Gumbel-max trick.

    The largest of log p + g, with g drawn from a Gumbel distribution, falls on each token with
    its probability (Gumbel 1954).

    >>> draw(np.random.default_rng(0), np.log(np.array([[1e-300, 1.0], [1.0, 1e-300]])))
    array([1, 0])
    """
    check_rng(rng)
    log_probs = _numbers("log_probs", log_probs)
    return (log_probs + rng.gumbel(size=log_probs.shape)).argmax(axis=-1)
