"""DeltaNet (Schlag et al. 2021, Yang et al. 2024): a layer around the delta rule.

Each step reads queries, keys, values and strengths off its input and corrects a memory that is a
matrix, one for each head (`rnnbook.numpy.delta_rule`, without decay). Queries and keys get the
length 1. A write multiplies what the memory holds along its key by 1 - b, and what becomes of it
is a matter of the `gate` that makes b:

- "sigmoid" (`Params`): b in (0, 1), a write forgets a part of the old value.
- "double" (`DoubleParams`): b in (0, 2), it may turn the sign. Near 2 a write is a reflection,
  which is what tracking a parity or a permutation takes (Grazzi et al. 2025).
- "hard" (`HardParams`): b in [0, 2], where both ends are reached: b = 2 clip(a / 6 + 1/2, 0, 1).
  A reflection with b = 1.98 shrinks by a fiftieth each time, one with b = 2 never.

With n > 1 factors a step makes n corrections, one after the other, with keys of their own, and
reads after the last (DeltaProduct, Siems et al. 2025): two reflections are a rotation.

========= ================= =================================================================
symbol    shape             meaning
========= ================= =================================================================
x         (N, T, D)         inputs
y         (N, T, H)         outputs, those of the heads side by side
W_q       (D, H)            weights of the queries; H = heads K, and values are as long as keys
W_k, W_v  (D, n H)          weights of the keys and of the values: n factors of H columns
W_b, b_b  (D, n heads) (..) weights and bias of the strengths: n factors of `heads` columns
q, k, v   (N, T, .., K)     queries and keys of length 1, values
b         (N, T, ..)        strengths
S         (N, heads, K, K)  the memories: the state
========= ================= =================================================================
"""

from collections.abc import Callable
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
    check_step,
    check_type,
)
from rnnbook.numpy import delta_rule
from rnnbook.numpy.activations import sigmoid
from rnnbook.numpy.init import glorot_uniform
from rnnbook.numpy.linear_recurrence import check_inputs, for_cache
from rnnbook.numpy.masks import rows

TINY = 1e-12  # added to squared lengths: a key of zeros has no direction


class Params(NamedTuple):
    """Weights of a DeltaNet with b in (0, 1)."""

    W_q: np.ndarray  # (D, H)
    W_k: np.ndarray  # (D, n H)
    W_v: np.ndarray  # (D, n H)
    W_b: np.ndarray  # (D, n heads)
    b_b: np.ndarray  # (n heads,)


class DoubleParams(NamedTuple):
    """Weights of a DeltaNet with b in (0, 2)."""

    W_q: np.ndarray  # (D, H)
    W_k: np.ndarray  # (D, n H)
    W_v: np.ndarray  # (D, n H)
    W_b: np.ndarray  # (D, n heads)
    b_b: np.ndarray  # (n heads,)


class HardParams(NamedTuple):
    """Weights of a DeltaNet with b in [0, 2], both ends reached."""

    W_q: np.ndarray  # (D, H)
    W_k: np.ndarray  # (D, n H)
    W_v: np.ndarray  # (D, n H)
    W_b: np.ndarray  # (D, n heads)
    b_b: np.ndarray  # (n heads,)


AnyParams = Params | DoubleParams | HardParams
GATES: dict[str, type[AnyParams]] = {"sigmoid": Params, "double": DoubleParams, "hard": HardParams}


class Cache(NamedTuple):
    """What the backward pass needs."""

    x: np.ndarray  # (N, T, D), zero where masked
    mask: np.ndarray | None  # (N, T)
    a_q: np.ndarray  # (N, T, H)
    a_k: np.ndarray  # (N, T, n H)
    a_b: np.ndarray  # (N, T, n heads)
    rule: delta_rule.ChunksCache


def init(
    rng: np.random.Generator,
    input_size: int,
    hidden_size: int,
    *,
    heads: int = 1,
    factors: int = 1,
    gate: str = "sigmoid",
    dtype: DTypeLike = np.float64,
) -> AnyParams:
    """Glorot-uniform weights, zero bias: at first b is in the middle of its range.

    `hidden_size` is that of the outputs, a multiple of `heads`. `gate` is "sigmoid" for `Params`,
    "double" for `DoubleParams` or "hard" for `HardParams`.

    >>> [w.shape for w in init(np.random.default_rng(0), input_size=3, hidden_size=4, factors=2)]
    [(3, 4), (3, 8), (3, 8), (3, 2), (2,)]
    """
    check_head_sizes(input_size, hidden_size, heads, factors)
    check_floating(dtype)
    check_choice("gate", gate, tuple(GATES))
    columns = (hidden_size, factors * hidden_size, factors * hidden_size, factors * heads)
    W_q, W_k, W_v, W_b = (glorot_uniform(rng, input_size, n).astype(dtype) for n in columns)
    return GATES[gate](W_q, W_k, W_v, W_b, np.zeros(factors * heads, dtype))


def check_head_sizes(input_size: int, hidden_size: int, heads: int, factors: int) -> None:
    """Raise unless all are positive whole numbers, and the heads share the hidden size evenly.

    >>> check_head_sizes(3, 5, heads=2, factors=1)
    Traceback (most recent call last):
    ...
    ValueError: hidden_size is 5; expected a multiple of heads = 2
    """
    check_sizes(input_size=input_size, hidden_size=hidden_size, heads=heads, factors=factors)
    if hidden_size % heads:
        raise ValueError(f"hidden_size is {hidden_size}; expected a multiple of heads = {heads}")


def step(params: AnyParams, x_t: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One step of N sequences: inputs (N, D) and memories give outputs (N, H), the next memories.

    >>> params = init(np.random.default_rng(0), input_size=3, hidden_size=4, heads=2)
    >>> y_t, state = step(params, np.ones((1, 3)), np.zeros((1, 2, 2, 2)))
    >>> y_t.shape, state.shape
    ((1, 4), (1, 2, 2, 2))
    """
    check_type("params", params, tuple(_EQUATIONS))
    check_step(x_t, len(params.W_q))
    y, state, _ = forward(params, x_t[:, None], state)
    return y[:, 0], state


def forward(
    params: AnyParams,
    x: np.ndarray,
    state: np.ndarray | None = None,
    *,
    mask: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, Cache]:
    """Run N sequences of T steps and keep what `backward` needs.

    Takes `x` (N, T, D), the memories (N, heads, K, K) to start from (zeros if None) and a Boolean
    `mask` (N, T). Returns the outputs y (N, T, H), the last memories, and the cache. A masked step
    keeps the memories and outputs zero.

    >>> params = init(np.random.default_rng(0), input_size=3, hidden_size=4, heads=2)
    >>> y, state, cache = forward(params, np.ones((1, 5, 3)))
    >>> y.shape, state.shape
    ((1, 5, 4), (1, 2, 2, 2))
    """
    S_0 = _check_inputs(params, x, state, mask)
    x, S_0, mask = for_cache(x, S_0, mask)
    heads, n = S_0.shape[1], _factors(params)
    a_q, a_k, v = x @ params.W_q, x @ params.W_k, x @ params.W_v
    a_b = x @ params.W_b + params.b_b
    q, k, v = (_by_head(a, heads, factors) for a, factors in ((a_q, 1), (a_k, n), (v, n)))
    q = q / _length(q)
    k = k / _length(k)
    b = _EQUATIONS[type(params)].gate(_by_head(a_b, heads, n)[..., 0])
    y, S, rule = delta_rule.chunks(
        _at_last_factor(q, n), k, v, b, None, _rows_of_heads(S_0), mask=_repeat(mask, heads, n)
    )
    y = _from_heads(y[:, n - 1 :: n], heads, 1)
    return y, S.reshape(S_0.shape), Cache(x, mask, a_q, a_k, a_b, rule)


def backward(
    params: AnyParams, cache: Cache, dy: np.ndarray | None, dstate: np.ndarray | None = None
) -> tuple[AnyParams, np.ndarray, np.ndarray]:
    """Gradients of the parameters, of x and of the first memories.

    Takes the gradients `dy` (N, T, H) at the outputs and `dstate` (N, heads, K, K) at the last
    memories, None for zeros.

    >>> params = init(np.random.default_rng(0), input_size=3, hidden_size=4, heads=2)
    >>> y, _, cache = forward(params, np.ones((1, 5, 3)))
    >>> dparams, dx, dstate_0 = backward(params, cache, np.ones_like(y))
    >>> dparams.W_k.shape, dx.shape, dstate_0.shape
    ((3, 4), (1, 5, 3), (1, 2, 2, 2))
    """
    _, H, heads, n = _check_params(params)
    x, _, a_q, a_k, a_b, rule = cache
    dy, dstate = _check_gradients(cache, (*a_q.shape[:2], H), dy, dstate, heads)
    dy = _at_last_factor(_by_head(dy, heads, 1), n)
    d = delta_rule.chunks_backward(rule, dy, _rows_of_heads(dstate))
    q, k = _by_head(a_q, heads, 1), _by_head(a_k, heads, n)
    da_q = _from_heads(_length_backward(q, d.q[:, n - 1 :: n]), heads, 1)
    da_k = _from_heads(_length_backward(k, d.k), heads, n)
    da_v = _from_heads(d.v, heads, n)
    db = _from_heads(d.b[..., None], heads, n)
    da_b = db * _EQUATIONS[type(params)].slope(a_b)
    gradients = {"W_q": da_q, "W_k": da_k, "W_v": da_v, "W_b": da_b}
    dx = sum(da @ getattr(params, name).T for name, da in gradients.items())
    dW_q, dW_k, dW_v, dW_b = (rows(x).T @ rows(da) for da in gradients.values())
    dparams = type(params)(dW_q, dW_k, dW_v, dW_b, rows(da_b).sum(axis=0))
    dS_0 = d.S_0.reshape(len(x), heads, *d.S_0.shape[1:])
    return dparams, dx, dS_0


# The gates: b and its derivative by a_b. The comparisons are of real parts, for the complex step.


def _hard(a):
    inside = np.where(a.real > 3, 1, a / 6 + 0.5)
    return 2 * np.where(a.real < -3, 0, inside).astype(a.dtype)


class _Gate(NamedTuple):
    gate: Callable
    slope: Callable


_EQUATIONS: dict[type[AnyParams], _Gate] = {
    Params: _Gate(sigmoid, lambda a: sigmoid(a) * (1 - sigmoid(a))),
    DoubleParams: _Gate(lambda a: 2 * sigmoid(a), lambda a: 2 * sigmoid(a) * (1 - sigmoid(a))),
    HardParams: _Gate(_hard, lambda a: ((a.real >= -3) & (a.real <= 3)).astype(a.dtype) / 3),
}


# Length 1.


def _length(a):
    return np.sqrt((a * a).sum(axis=-1, keepdims=True) + TINY)


def _length_backward(a, dk):
    """The gradient at a from that at k = a / length: what points along k changes nothing."""
    length = _length(a)
    k = a / length
    return (dk - k * (dk * k).sum(axis=-1, keepdims=True)) / length


# Heads and factors: each head is a sequence of its own, of n steps for each step of the layer.


def _by_head(a, heads, n):
    """(N, T, n heads K) as (N heads, T n, K)."""
    N, T, columns = a.shape
    a = a.reshape(N, T, n, heads, columns // (n * heads))
    return a.transpose(0, 3, 1, 2, 4).reshape(N * heads, T * n, -1)


def _from_heads(a, heads, n):
    """The way back: (N heads, T n, K) as (N, T, n heads K)."""
    rows_, steps, K = a.shape
    N, T = rows_ // heads, steps // n
    a = a.reshape(N, heads, T, n, K)
    return a.transpose(0, 2, 3, 1, 4).reshape(N, T, n * heads * K)


def _at_last_factor(a, n):
    """(N heads, T, K) as (N heads, T n, K), zero at all but the last of n steps."""
    steps = np.zeros((len(a), a.shape[1] * n, a.shape[2]), a.dtype)
    steps[:, n - 1 :: n] = a
    return steps


def _repeat(mask, heads, n):
    return None if mask is None else mask.repeat(heads, axis=0).repeat(n, axis=1)


def _rows_of_heads(S):
    """(N, heads, K, V) as (N heads, K, V)."""
    return S.reshape(-1, *S.shape[2:])


# Checks and small helpers.


def _factors(params):
    return params.W_k.shape[1] // params.W_q.shape[1]


def _check_inputs(params, x, state, mask):
    D, H, heads, _ = _check_params(params)
    check_dtypes(W_q=params.W_q, x=x)
    return check_inputs(x, D, state, ("heads", "K", "K"), (heads, H // heads, H // heads), mask)


def _check_params(params):
    check_type("params", params, tuple(_EQUATIONS))
    check_dtypes(**params._asdict())
    check_axes("W_q", params.W_q, "(D, H)")
    check_axes("W_k", params.W_k, "(D, n H)")
    check_axes("b_b", params.b_b, "(n heads,)")
    D, H = params.W_q.shape
    n = max(_factors(params), 1)
    heads = max(len(params.b_b) // n, 1)
    check_shape("W_k", params.W_k, "(D, n H)", (D, n * H))
    check_shape("W_v", params.W_v, "(D, n H)", (D, n * H))
    check_shape("W_b", params.W_b, "(D, n heads)", (D, n * heads))
    check_shape("b_b", params.b_b, "(n heads,)", (n * heads,))
    check_head_sizes(D, H, heads, n)
    return D, H, heads, n


def _check_gradients(cache, shape, dy, dstate, heads):
    K = shape[-1] // heads
    dy = np.zeros(shape, cache.x.dtype) if dy is None else dy
    dstate = np.zeros((shape[0], heads, K, K), cache.x.dtype) if dstate is None else dstate
    check_dtypes(cache=cache.x, dy=dy, dstate=dstate)
    check_shape("dy", dy, "(N, T, H)", shape)
    check_shape("dstate", dstate, "(N, heads, K, K)", (shape[0], heads, K, K))
    return dy, dstate
