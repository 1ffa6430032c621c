"""minGRU (Feng et al. 2024, arXiv:2410.01201): a GRU whose gates do not read the state.

What is left of the recurrence is linear in h, so `rnnbook.numpy.scan` computes it. As in
`rnnbook.numpy.gru` z = 1 keeps the old state (in the paper z = 1 takes the new one).

========= ============= ===========================================================
symbol    shape         meaning
========= ============= ===========================================================
x         (N, T, D)     inputs
W, b      (D, 2H) (2H,) weights from the input, in the order z, n
z, n      (N, T, H)     update gate and candidate, of all steps at once
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
from rnnbook.numpy.activations import sigmoid
from rnnbook.numpy.init import glorot_uniform
from rnnbook.numpy.linear_recurrence import check_inputs, for_cache, output_gradients
from rnnbook.numpy.masks import rows, select
from rnnbook.numpy.scan import scan, scan_backward


class Params(NamedTuple):
    """Weights of a minGRU layer, in the order z, n."""

    W: np.ndarray  # (D, 2H)
    b: np.ndarray  # (2H,)


class Cache(NamedTuple):
    """What the backward pass needs."""

    x: np.ndarray  # (N, T, D), zero where masked
    mask: np.ndarray | None  # (N, T)
    z: np.ndarray  # (N, T, H)
    n: np.ndarray  # (N, T, H)
    hs: np.ndarray  # (N, T, H), the states, kept where masked
    h_0: np.ndarray  # (N, H)


def init(
    rng: np.random.Generator,
    input_size: int,
    hidden_size: int,
    *,
    keep_bias: float = 0.0,
    dtype: DTypeLike = np.float64,
) -> Params:
    """Glorot-uniform W, zero bias but `keep_bias` for z.

    >>> [w.shape for w in init(np.random.default_rng(0), input_size=3, hidden_size=2)]
    [(3, 4), (4,)]
    """
    check_sizes(input_size=input_size, hidden_size=hidden_size)
    check_floating(dtype)
    b = np.zeros(2 * hidden_size, dtype)
    b[:hidden_size] = keep_bias
    return Params(glorot_uniform(rng, input_size, 2 * hidden_size).astype(dtype), b)


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
    a_z, a_n = np.split(x @ params.W + params.b, 2, axis=-1)
    z = sigmoid(a_z)  # eq-min-gru-z
    n = a_n  # eq-min-gru-n
    hs = scan(z, (1 - z) * n, h_0, mask=mask)  # eq-min-gru-h
    outputs = hs.copy() if mask is None else select(mask, hs, 0)
    return outputs, hs[:, -1].copy(), Cache(x, mask, z, n, hs, h_0)


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
    ((3, 4), (1, 5, 3), (1, 2))
    """
    x, mask, z, n, hs, h_0 = cache
    _check_params(params)
    dhs = output_gradients(hs, dhs, dstate, mask)
    dz, du, dh_0 = scan_backward(z, hs, h_0, dhs, mask=mask)
    da_n = du * (1 - z)
    da_z = (dz - du * n) * z * (1 - z)
    da = np.concatenate([da_z, da_n], axis=-1)
    return Params(rows(x).T @ rows(da), rows(da).sum(axis=0)), da @ params.W.T, dh_0


def _check_inputs(params, x, state, mask):
    D, H = _check_params(params)
    check_dtypes(W=params.W, x=x)
    return check_inputs(x, D, state, ("H",), (H,), mask)


def _check_params(params):
    check_type("params", params, (Params,))
    check_dtypes(**params._asdict())
    check_axes("W", params.W, "(D, 2H)")
    check_axes("b", params.b, "(2H,)")
    D, H = len(params.W), len(params.b) // 2
    check_shape("W", params.W, "(D, 2H)", (D, 2 * H))
    check_shape("b", params.b, "(2H,)", (2 * H,))
    return D, H
