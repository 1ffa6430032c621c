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

from rnnbook._check import check_dtypes, check_finite, check_sequence, check_shape, check_sizes
from rnnbook.numpy.activations import sigmoid
from rnnbook.numpy.init import glorot_uniform
from rnnbook.numpy.masks import rows
from rnnbook.numpy.scan import scan, scan_backward


class Params(NamedTuple):
    """Weights of a minGRU layer, in the order z, n."""

    W: np.ndarray  # (D, 2H)
    b: np.ndarray  # (2H,)


class Cache(NamedTuple):
    """What the backward pass needs."""

    x: np.ndarray  # (N, T, D)
    z: np.ndarray  # (N, T, H)
    n: np.ndarray  # (N, T, H)
    hs: np.ndarray  # (N, T, H)
    h_0: np.ndarray  # (N, H)


def init(rng, input_size: int, hidden_size: int, *, keep_bias: float = 0.0, dtype=np.float64):
    """Glorot-uniform W, zero bias but `keep_bias` for z.

    >>> [w.shape for w in init(np.random.default_rng(0), input_size=3, hidden_size=2)]
    [(3, 4), (4,)]
    """
    check_sizes(input_size=input_size, hidden_size=hidden_size)
    b = np.zeros(2 * hidden_size, dtype)
    b[:hidden_size] = keep_bias
    return Params(glorot_uniform(rng, input_size, 2 * hidden_size).astype(dtype), b)


def forward(params: Params, x: np.ndarray, state: np.ndarray | None = None):
    """All states (N, T, H), the last one, and the cache for `backward`.

    >>> params = init(np.random.default_rng(0), input_size=3, hidden_size=2)
    >>> hs, state, cache = forward(params, np.ones((1, 5, 3)))
    >>> hs.shape, bool((hs[:, -1] == state).all())
    ((1, 5, 2), True)
    """
    h_0 = _check_inputs(params, x, state)
    a_z, a_n = np.split(x @ params.W + params.b, 2, axis=-1)
    z = sigmoid(a_z)  # eq-min-gru-z
    n = a_n  # eq-min-gru-n
    hs = scan(z, (1 - z) * n, h_0)  # eq-min-gru-h
    return hs, hs[:, -1].copy(), Cache(x, z, n, hs, h_0)


def backward(params: Params, cache: Cache, dhs: np.ndarray):
    """Gradients of the parameters, of x and of the first state, from `dhs` (N, T, H).

    >>> params = init(np.random.default_rng(0), input_size=3, hidden_size=2)
    >>> hs, _, cache = forward(params, np.ones((1, 5, 3)))
    >>> dparams, dx, dstate_0 = backward(params, cache, np.ones_like(hs))
    >>> dparams.W.shape, dx.shape, dstate_0.shape
    ((3, 4), (1, 5, 3), (1, 2))
    """
    x, z, n, hs, h_0 = cache
    dz, du, dh_0 = scan_backward(z, hs, h_0, dhs)
    da_n = du * (1 - z)
    da_z = (dz - du * n) * z * (1 - z)
    da = np.concatenate([da_z, da_n], axis=-1)
    return Params(rows(x).T @ rows(da), rows(da).sum(axis=0)), da @ params.W.T, dh_0


def _check_inputs(params, x, state):
    check_dtypes(W=params.W, b=params.b, x=x)
    D, H = len(params.W), len(params.b) // 2
    check_shape("W", params.W, "(D, 2H)", (D, 2 * H))
    check_sequence(x, D)
    check_finite(x, None)
    state = np.zeros((len(x), H), x.dtype) if state is None else state
    check_shape("state", state, "(N, H)", (len(x), H))
    return state
