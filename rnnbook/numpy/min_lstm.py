"""minLSTM (Feng et al. 2024, arXiv:2410.01201): an LSTM whose gates do not read the state.

There is no output gate, and the forget and the input gate are divided by their sum, so that the
state is a mean of what was written. It is linear in h: `rnnbook.numpy.scan` computes it. The
quotient is taken as a sigmoid of the logarithms: of two closed gates it would be 0 / 0.

========= ============= ===========================================================
symbol    shape         meaning
========= ============= ===========================================================
x         (N, T, D)     inputs
W, b      (D, 3H) (3H,) weights from the input, in the order i, f, n
i, f      (N, T, H)     input and forget gate before they are divided by their sum
k         (N, T, H)     what is kept: f / (f + i) = sigmoid(log f - log i)
n         (N, T, H)     candidate
h         (N, T, H)     states, which are also the outputs
========= ============= ===========================================================
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from rnnbook._check import (
    check_axes,
    check_dtypes,
    check_floating,
    check_shape,
    check_sizes,
    check_step,
    check_type,
)
from rnnbook.numpy.activations import relu, sigmoid
from rnnbook.numpy.init import glorot_uniform
from rnnbook.numpy.linear_recurrence import check_inputs, for_cache, output_gradients
from rnnbook.numpy.masks import rows, select
from rnnbook.numpy.scan import scan, scan_backward


class Params(NamedTuple):
    """Weights of a minLSTM layer, in the order i, f, n."""

    W: np.ndarray  # (D, 3H)
    b: np.ndarray  # (3H,)


class Cache(NamedTuple):
    """What the backward pass needs."""

    x: np.ndarray  # (N, T, D), zero where masked
    mask: np.ndarray | None  # (N, T)
    i: np.ndarray  # (N, T, H)
    f: np.ndarray  # (N, T, H)
    k: np.ndarray  # (N, T, H)
    n: np.ndarray  # (N, T, H)
    hs: np.ndarray  # (N, T, H), the states, kept where masked
    h_0: np.ndarray  # (N, H)


def init(
    rng: np.random.Generator,
    input_size: int,
    hidden_size: int,
    *,
    forget_bias: float = 0.0,
    dtype: DTypeLike = np.float64,
) -> Params:
    """Glorot-uniform W, zero bias but `forget_bias` for f.

    >>> [w.shape for w in init(np.random.default_rng(0), input_size=3, hidden_size=2)]
    [(3, 6), (6,)]
    """
    check_sizes(input_size=input_size, hidden_size=hidden_size)
    check_floating(dtype)
    b = np.zeros(3 * hidden_size, dtype)
    b[hidden_size : 2 * hidden_size] = forget_bias
    return Params(glorot_uniform(rng, input_size, 3 * hidden_size).astype(dtype), b)


def step(params: Params, x_t: np.ndarray, state: np.ndarray) -> np.ndarray:
    """One step of N sequences: (N, D) inputs and the state h (N, H) give the next h.

    >>> params = init(np.random.default_rng(0), input_size=3, hidden_size=2)
    >>> step(params, np.ones((1, 3)), np.zeros((1, 2))).shape
    (1, 2)
    """
    check_type("params", params, (Params,))
    check_step(x_t, len(params.W))
    return forward(params, x_t[:, None], state)[1]


def forward(
    params: Params,
    x: np.ndarray,
    state: np.ndarray | None = None,
    *,
    mask: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, Cache]:
    """Run N sequences of T steps and keep what `backward` needs.

    Takes `x` (N, T, D), the state h to start from (zeros if None) and a Boolean `mask` (N, T).
    Returns `hs` (N, T, H), the last state, and the cache. A masked step keeps the state and
    outputs zero.

    >>> params = init(np.random.default_rng(0), input_size=3, hidden_size=2)
    >>> hs, state, cache = forward(params, np.ones((1, 5, 3)))
    >>> hs.shape, bool((hs[:, -1] == state).all())
    ((1, 5, 2), True)
    """
    h_0 = _check_inputs(params, x, state, mask)
    x, h_0, mask = for_cache(x, h_0, mask)
    a_i, a_f, n = np.split(x @ params.W + params.b, 3, axis=-1)
    k = sigmoid(_log_sigmoid(a_f) - _log_sigmoid(a_i))  # eq-min-lstm-k
    hs = scan(k, (1 - k) * n, h_0, mask=mask)  # eq-min-lstm-h
    outputs = hs.copy() if mask is None else select(mask, hs, 0)
    return outputs, hs[:, -1].copy(), Cache(x, mask, sigmoid(a_i), sigmoid(a_f), k, n, hs, h_0)


def backward(
    params: Params, cache: Cache, dhs: np.ndarray | None, dstate: np.ndarray | None = None
) -> tuple[Params, np.ndarray, np.ndarray]:
    """Gradients of the parameters, of x and of the first state.

    Takes the gradients `dhs` (N, T, H) at the outputs and `dstate` (N, H) at the last state,
    None for zeros.

    >>> params = init(np.random.default_rng(0), input_size=3, hidden_size=2)
    >>> hs, _, cache = forward(params, np.ones((1, 5, 3)))
    >>> dparams, dx, dstate_0 = backward(params, cache, np.ones_like(hs))
    >>> dparams.W.shape, dx.shape, dstate_0.shape
    ((3, 6), (1, 5, 3), (1, 2))
    """
    x, mask, i, f, k, n, hs, h_0 = cache
    _check_params(params)
    dhs = output_gradients(hs, dhs, dstate, mask)
    dk, du, dh_0 = scan_backward(k, hs, h_0, dhs, mask=mask)
    dn = du * (1 - k)
    dk = (dk - du * n) * k * (1 - k)  # at log f - log i
    da = np.concatenate([-dk * (1 - i), dk * (1 - f), dn], axis=-1)
    return Params(rows(x).T @ rows(da), rows(da).sum(axis=0)), da @ params.W.T, dh_0


def _log_sigmoid(a):
    """-log(1 + exp(-a)), exact to rounding on both sides and analytic."""
    positive = relu(-a)
    return -positive - np.log1p(np.exp(-a - 2 * positive))


def _check_inputs(params, x, state, mask):
    D, H = _check_params(params)
    check_dtypes(W=params.W, x=x)
    return check_inputs(x, D, state, ("H",), (H,), mask)


def _check_params(params):
    check_type("params", params, (Params,))
    check_dtypes(**params._asdict())
    check_axes("W", params.W, "(D, 3H)")
    check_axes("b", params.b, "(3H,)")
    D, H = len(params.W), len(params.b) // 3
    check_shape("W", params.W, "(D, 3H)", (D, 3 * H))
    check_shape("b", params.b, "(3H,)", (3 * H,))
    return D, H
