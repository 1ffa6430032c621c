"""Attention: a weighted mean of many vectors, with weights that depend on a question.

A query is compared with every key; a softmax turns the scores into weights; the context is the
mean of the values under these weights. Three ways to compare are in use, and each has its own
type of parameters:

- `AdditiveParams`: s = v . tanh(q W_q + k W_k), Bahdanau, Cho and Bengio (2015)
- `GeneralParams`: s = q W k, Luong, Pham and Manning (2015), who call it "general"
- `DotParams`: s = q . k / sqrt(D), Vaswani et al. (2017); without the root: Luong et al. (2015)

========= ============= ===========================================================
symbol    shape         meaning
========= ============= ===========================================================
query     (N, S, Q)     S questions for each of N sequences, such as decoder states
keys      (N, T, K)     what they are compared with, such as encoder outputs
values    (N, T, V)     what is averaged, often the same array as the keys
mask      (N, T)        True where there is something to look at
scores    (N, S, T)     how well each key fits each query
weights   (N, S, T)     softmax of the scores over the places that count
context   (N, S, V)     the weighted mean
W_q, W_k  (Q,A), (K,A)  weights of the additive score, with v (A,)
W         (Q, K)        weights of the general score
========= ============= ===========================================================

A masked place has the weight 0, whatever it holds, NaN included. Where a mask leaves nothing to
look at, all weights and the context are 0.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from rnnbook._check import (
    check_axes,
    check_choice,
    check_dtypes,
    check_floating,
    check_shape,
    check_sizes,
    check_type,
)
from rnnbook.numpy.init import glorot_uniform
from rnnbook.numpy.masks import check_mask, select


class AdditiveParams(NamedTuple):
    """Weights of the additive score v . tanh(q W_q + k W_k)."""

    W_q: np.ndarray  # (Q, A)
    W_k: np.ndarray  # (K, A)
    v: np.ndarray  # (A,)


class GeneralParams(NamedTuple):
    """Weights of the general score q W k."""

    W: np.ndarray  # (Q, K)


class DotParams(NamedTuple):
    """The scaled dot product q . k / sqrt(D) has no weights; Q and K must be equal."""


Params = AdditiveParams | GeneralParams | DotParams
SCORES = {"additive": AdditiveParams, "general": GeneralParams, "dot": DotParams}


class Cache(NamedTuple):
    """What the backward pass needs from the forward pass."""

    query: np.ndarray  # (N, S, Q)
    keys: np.ndarray  # (N, T, K), zero where masked
    values: np.ndarray  # (N, T, V), zero where masked
    mask: np.ndarray | None  # (N, T)
    weights: np.ndarray  # (N, S, T)
    m: np.ndarray | None  # (N, S, T, A), the tanh of the additive score


def init(
    rng: np.random.Generator,
    query_size: int,
    key_size: int,
    *,
    score: str = "additive",
    units: int | None = None,
    dtype: DTypeLike = np.float64,
) -> Params:
    """Glorot-uniform weights for the score "additive", "general" or "dot".

    `units` is A, the width of the additive score; it is the key size if None.

    >>> [w.shape for w in init(np.random.default_rng(0), query_size=3, key_size=2, units=5)]
    [(3, 5), (2, 5), (5,)]
    """
    check_choice("score", score, tuple(SCORES))
    units = key_size if units is None else units
    check_sizes(query_size=query_size, key_size=key_size, units=units)
    check_floating(dtype)
    if score == "dot":
        if query_size != key_size:
            raise ValueError(
                f"query_size is {query_size} and key_size is {key_size}; "
                "a dot product needs them equal"
            )
        return DotParams()
    if score == "general":
        return GeneralParams(glorot_uniform(rng, query_size, key_size).astype(dtype))
    W_q = glorot_uniform(rng, query_size, units).astype(dtype)
    W_k = glorot_uniform(rng, key_size, units).astype(dtype)
    v = glorot_uniform(rng, units, 1).astype(dtype)
    return AdditiveParams(W_q, W_k, v[:, 0])


def forward(
    params: Params,
    query: np.ndarray,
    keys: np.ndarray,
    values: np.ndarray,
    *,
    mask: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, Cache]:
    """Contexts (N, S, V), weights (N, S, T), and what `backward` needs.

    Raises `ValueError` for a wrong shape or a NaN that counts, `TypeError` for a wrong dtype.

    >>> q, k = np.ones((1, 4, 2)), np.ones((1, 3, 2))
    >>> context, weights, cache = forward(DotParams(), q, k, k)
    >>> context.shape, weights[0, 0].round(3)
    ((1, 4, 2), array([0.333, 0.333, 0.333]))
    """
    _check_inputs(params, query, keys, values, mask)
    query = query.copy()  # of all arguments `backward` reads copies
    if mask is None:
        keys, values = keys.copy(), values.copy()
    else:
        keys, values, mask = select(mask, keys, 0), select(mask, values, 0), mask.copy()
    scores, m = _SCORES[type(params)](params, query, keys)
    weights = masked_softmax(scores, mask)
    context = weights @ values  # eq-attention-context
    return context, weights.copy(), Cache(query, keys, values, mask, weights, m)


def masked_softmax(scores: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """Softmax over the last axis of scores (N, S, T), over the places that `mask` (N, T) counts.

    Zero at masked places, whatever stands there, and zero everywhere in a row without any place.

    >>> masked_softmax(np.array([[[1.0, 1.0, 9.0]]]), np.array([[True, True, False]]))
    array([[[0.5, 0.5, 0. ]]])
    """
    counts = _counts(scores, mask)
    scores = np.where(counts, scores, 0)
    highest = np.where(counts, scores.real, -np.inf).max(axis=-1, keepdims=True)
    highest = np.where(np.isfinite(highest), highest, 0)  # a row without any place
    e = np.where(counts, np.exp(np.where(counts, scores - highest, 0)), 0)
    total = e.sum(axis=-1, keepdims=True)
    weights = e / np.where(total == 0, 1, total)  # eq-attention-weights
    return weights


def backward(
    params: Params, cache: Cache, dcontext: np.ndarray, dweights: np.ndarray | None = None
) -> tuple[Params, np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of the parameters (same type), of `query`, `keys` and `values`.

    `dcontext` (N, S, V) is the gradient of the loss at the contexts; `dweights` (N, S, T) that
    at the weights, where the loss reads them too. Where keys and values are one array, add the
    two gradients. They are zero where masked.

    >>> q, k = np.ones((1, 4, 2)), np.ones((1, 3, 2))
    >>> context, weights, cache = forward(DotParams(), q, k, k)
    >>> dparams, dq, dk, dv = backward(DotParams(), cache, np.ones_like(context))
    >>> dq.shape, dk.shape, dv.shape
    ((1, 4, 2), (1, 3, 2), (1, 3, 2))
    """
    check_params(params)
    weights, values = cache.weights, cache.values
    check_dtypes(weights=weights, dcontext=dcontext)
    N, S, T = weights.shape
    check_shape("dcontext", dcontext, "(N, S, V)", (N, S, values.shape[-1]))
    arrived = np.zeros_like(weights) if dweights is None else dweights
    check_shape("dweights", arrived, "(N, S, T)", (N, S, T))
    dvalues = weights.swapaxes(1, 2) @ dcontext  # eq-attention-dvalues
    dweights = arrived + dcontext @ values.swapaxes(1, 2)  # eq-attention-dweights
    mean = (weights * dweights).sum(axis=-1, keepdims=True)
    dscores = weights * (dweights - mean)  # eq-attention-dscores
    dparams, dquery, dkeys = _SCORES_BACKWARD[type(params)](params, cache, dscores)
    return dparams, dquery, dkeys, dvalues


# The equations of the three scores, and their gradients in the reverse order.


def _additive(params, query, keys):
    a = (query @ params.W_q)[:, :, None] + (keys @ params.W_k)[:, None]  # eq-attention-a
    m = np.tanh(a)
    scores = m @ params.v  # eq-attention-additive
    return scores, m


def _additive_backward(params, cache, dscores):
    query, keys, m = cache.query, cache.keys, cache.m
    dv = np.einsum("nst,nsta->a", dscores, m)  # eq-attention-dv
    da = dscores[..., None] * params.v * (1 - m * m)  # eq-attention-da
    da_q, da_k = da.sum(axis=2), da.sum(axis=1)
    dquery = da_q @ params.W_q.T  # eq-attention-additive-dquery
    dkeys = da_k @ params.W_k.T  # eq-attention-additive-dkeys
    dW_q = np.einsum("nsq,nsa->qa", query, da_q)  # eq-attention-dW-q
    dW_k = np.einsum("ntk,nta->ka", keys, da_k)  # eq-attention-dW-k
    return AdditiveParams(dW_q, dW_k, dv), dquery, dkeys


def _general(params, query, keys):
    scores = query @ params.W @ keys.swapaxes(1, 2)  # eq-attention-general
    return scores, None


def _general_backward(params, cache, dscores):
    query, keys = cache.query, cache.keys
    dquery = dscores @ keys @ params.W.T  # eq-attention-general-dquery
    dkeys = dscores.swapaxes(1, 2) @ query @ params.W  # eq-attention-general-dkeys
    dW = np.einsum("nsq,nst,ntk->qk", query, dscores, keys, optimize=True)  # eq-attention-dW
    return GeneralParams(dW), dquery, dkeys


def _dot(params, query, keys):
    scores = query @ keys.swapaxes(1, 2) / np.sqrt(query.shape[-1])  # eq-attention-dot
    return scores, None


def _dot_backward(params, cache, dscores):
    query, keys = cache.query, cache.keys
    root = np.sqrt(query.shape[-1])
    dquery = dscores @ keys / root  # eq-attention-dot-dquery
    dkeys = dscores.swapaxes(1, 2) @ query / root  # eq-attention-dot-dkeys
    return DotParams(), dquery, dkeys


_SCORES = {AdditiveParams: _additive, GeneralParams: _general, DotParams: _dot}
_SCORES_BACKWARD = {
    AdditiveParams: _additive_backward,
    GeneralParams: _general_backward,
    DotParams: _dot_backward,
}


# Checks and small helpers.


def _counts(scores, mask):
    """Which of the scores (N, S, T) count, as an array that broadcasts to them."""
    if scores.ndim != 3:
        raise ValueError(f"scores has shape {scores.shape}; expected (N, S, T)")
    if mask is None:
        return np.ones((1, 1, 1), bool)
    check_mask(mask, scores.swapaxes(1, 2))
    return mask[:, None]


def _check_inputs(params, query, keys, values, mask):
    check_type("params", params, tuple(_SCORES))
    check_dtypes(query=query, keys=keys, values=values, **params._asdict())
    check_params(params)
    for name, array, symbols in (
        ("query", query, "(N, S, Q)"),
        ("keys", keys, "(N, T, K)"),
        ("values", values, "(N, T, V)"),
    ):
        if array.ndim != 3 or 0 in array.shape:
            raise ValueError(f"{name} has shape {array.shape}; expected {symbols}, none of them 0")
    N, T = keys.shape[:2]
    Q, K = sizes(params, query.shape[-1])
    check_shape("query", query, "(N, S, Q)", (N, query.shape[1], Q))
    check_shape("keys", keys, "(N, T, K)", (N, T, K))
    check_shape("values", values, "(N, T, V)", (N, T, values.shape[-1]))
    check_mask(mask, keys)
    counts = np.ones((N, T), bool) if mask is None else mask
    every = np.ones(query.shape[:2], bool)
    for name, array, which in (("query", query, every), ("keys", keys, counts)):
        if not np.isfinite(array[which]).all():
            raise ValueError(f"{name} has NaN or infinity; mask the place or clean the input")
    if not np.isfinite(values[counts]).all():
        raise ValueError("values has NaN or infinity; mask the place or clean the input")


def check_params(params: Params) -> None:
    """Raise unless `params` is one of the three types, with shapes that fit each other.

    >>> check_params(GeneralParams(np.ones(3)))
    Traceback (most recent call last):
    ...
    ValueError: W has shape (3,); expected (Q, K)
    """
    check_type("params", params, tuple(_SCORES))
    for name, symbols in (("W_q", "(Q, A)"), ("W_k", "(K, A)"), ("W", "(Q, K)")):
        array = getattr(params, name, None)
        if array is not None:
            check_axes(name, array, symbols)
    if isinstance(params, AdditiveParams):
        A = params.W_q.shape[1]
        check_shape("W_k", params.W_k, "(K, A)", (len(params.W_k), A))
        check_shape("v", params.v, "(A,)", (A,))


def sizes(params: Params, query_size: int) -> tuple[int, int]:
    """The sizes Q and K that `params` is for; a dot product takes both from its query.

    >>> sizes(GeneralParams(np.ones((3, 2))), 3)
    (3, 2)
    """
    if isinstance(params, AdditiveParams):
        return len(params.W_q), len(params.W_k)
    return params.W.shape if isinstance(params, GeneralParams) else (query_size, query_size)
