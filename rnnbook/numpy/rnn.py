"""The plain recurrent network of Elman (1990): forward and backward, every line an equation.

========= ============= ===========================================================
symbol    shape         meaning
========= ============= ===========================================================
x         (N, T, D)     inputs: N sequences of T steps with D features
h         (N, H)        state, which is also the output of the step
W_x       (D, H)        weights from the input
W_h       (H, H)        weights from the previous h
b         (H,)          bias
a         (N, H)        pre-activation; da is its gradient
phi                     activation, "tanh" or "relu"
========= ============= ===========================================================
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from rnnbook._check import (
    check_axes,
    check_choice,
    check_dtypes,
    check_finite,
    check_floating,
    check_sequence,
    check_shape,
    check_sizes,
    check_step,
    check_type,
)
from rnnbook.numpy.activations import ACTIVATIONS, DERIVATIVES
from rnnbook.numpy.init import glorot_uniform, orthogonal
from rnnbook.numpy.masks import check_mask, rows, select


class Params(NamedTuple):
    """Weights of a plain recurrent layer."""

    W_x: np.ndarray  # (D, H)
    W_h: np.ndarray  # (H, H)
    b: np.ndarray  # (H,)


class Cache(NamedTuple):
    """What the backward pass needs from the forward pass. Time comes first: x[t] is one block."""

    x: np.ndarray  # (T, N, D), zero where masked
    mask: np.ndarray | None  # (N, T)
    activation: str
    h: np.ndarray  # (T + 1, N, H), h[t] before step t and h[t + 1] after it


def init(
    rng: np.random.Generator, input_size: int, hidden_size: int, *, dtype: DTypeLike = np.float64
) -> Params:
    """Random weights: Glorot-uniform W_x, orthogonal W_h, zero bias.

    >>> [w.shape for w in init(np.random.default_rng(0), input_size=3, hidden_size=2)]
    [(3, 2), (2, 2), (2,)]
    """
    check_sizes(input_size=input_size, hidden_size=hidden_size)
    check_floating(dtype)
    W_x = glorot_uniform(rng, input_size, hidden_size)
    W_h = orthogonal(rng, hidden_size)
    b = np.zeros(hidden_size)
    return Params(W_x.astype(dtype), W_h.astype(dtype), b.astype(dtype))


def step(
    params: Params, x_t: np.ndarray, state: np.ndarray, *, activation: str = "tanh"
) -> np.ndarray:
    """One step of N sequences: (N, D) inputs and the state h (N, H) give the next h.

    >>> params = init(np.random.default_rng(0), input_size=3, hidden_size=2)
    >>> step(params, np.ones((1, 3)), np.zeros((1, 2))).shape
    (1, 2)
    """
    check_type("params", params, (Params,))
    check_step(x_t, len(params.W_x))
    state = _check_inputs(params, x_t[:, None], state, None, activation)
    return _cell(params, _input_product(params, x_t), state, ACTIVATIONS[activation])


def forward(
    params: Params,
    x: np.ndarray,
    state: np.ndarray | None = None,
    *,
    mask: np.ndarray | None = None,
    activation: str = "tanh",
) -> tuple[np.ndarray, np.ndarray, Cache]:
    """Run N sequences of T steps and keep what `backward` needs.

    Takes `x` (N, T, D), the state h to start from (zeros if None) and a Boolean `mask` (N, T).
    Returns `hs` (N, T, H), the last state, and the cache. A masked step keeps the state and
    outputs zero.

    Raises `ValueError` for a wrong shape, an empty sequence, an unmasked NaN or an unknown
    activation, and `TypeError` for a wrong or mixed dtype.

    >>> params = init(np.random.default_rng(0), input_size=3, hidden_size=2)
    >>> hs, state, cache = forward(params, np.ones((1, 5, 3)))
    >>> hs.shape, bool((hs[:, -1] == state).all())
    ((1, 5, 2), True)
    """
    h_0 = _check_inputs(params, x, state, mask, activation)
    phi = ACTIVATIONS[activation]
    if mask is not None:
        x, mask = select(mask, x, 0), mask.copy()  # `backward` reads the copy
    x = x.swapaxes(0, 1).copy()
    T, (N, H) = len(x), h_0.shape
    a_x = _input_product(params, rows(x)).reshape(T, N, H)
    h = np.empty((T + 1, N, H), x.dtype)
    h[0] = h_0
    for t in range(T):
        h[t + 1] = _cell(params, a_x[t], h[t], phi)
        if mask is not None:
            h[t + 1] = select(mask[:, t], h[t + 1], h[t])
    hs = h[1:].swapaxes(0, 1)
    hs.flags.writeable = False  # the cache shares its memory
    if mask is not None:
        hs = select(mask, hs, 0)
    return hs, h[-1].copy(), Cache(x, mask, activation, h)


def backward(
    params: Params, cache: Cache, dhs: np.ndarray | None, dstate: np.ndarray | None = None
) -> tuple[Params, np.ndarray, np.ndarray]:
    """Backpropagation through time: gradients of a loss from its gradients at the outputs.

    Takes `dhs` (N, T, H), the gradient at each output (None: the loss reads the last state
    only), and `dstate` (N, H), the gradient at the last state (None: zeros). Returns the
    gradients of the parameters, of `x` (zero where masked), and of the first state.

    >>> params = init(np.random.default_rng(0), input_size=3, hidden_size=2)
    >>> hs, state, cache = forward(params, np.ones((1, 5, 3)))
    >>> dparams, dx, dstate_0 = backward(params, cache, np.ones_like(hs))
    >>> dparams.W_h.shape, dx.shape, dstate_0.shape
    ((2, 2), (1, 5, 3), (1, 2))
    """
    _check_params(params)
    x, mask, activation, h = cache
    dhs, dh = _check_gradients(h, dhs, dstate)
    dphi = DERIVATIVES[activation]
    T, (N, H) = len(x), dh.shape
    W_hT = params.W_h.T.copy()  # one block of memory: the loop's product is faster
    da = np.empty((T, N, H), x.dtype)
    for t in reversed(range(T)):
        dh_t = dhs[:, t] + dh  # eq-rnn-dh
        if mask is not None:
            dh_t = select(mask[:, t], dh_t, 0)
        da[t], dh_t = _cell_backward(W_hT, dphi, h[t + 1], dh_t)
        dh = dh_t if mask is None else select(mask[:, t], dh_t, dh)
    dx = rows(da) @ params.W_x.T  # eq-rnn-dx
    dx = dx.reshape(T, N, -1).swapaxes(0, 1)
    return _parameter_gradients(cache, da), dx, dh


# The equations. One line each; the backward lines run in the reverse order of the forward ones.


def _input_product(params, x):
    a_x = x @ params.W_x
    a_x += params.b  # eq-rnn-ax
    return a_x


def _cell(params, a_x_t, h_prev, phi):
    a = a_x_t + h_prev @ params.W_h  # eq-rnn-a
    h = phi(a)  # eq-rnn-h
    return h


def _cell_backward(W_hT, dphi, h, dh):
    da = dh * dphi(h)  # eq-rnn-da
    dh_prev = da @ W_hT  # eq-rnn-dh-prev
    return da, dh_prev


def _parameter_gradients(cache, da):
    x, h_prev, da = rows(cache.x), rows(cache.h[:-1]), rows(da)
    dW_x = x.T @ da  # eq-rnn-dW-x
    dW_h = h_prev.T @ da  # eq-rnn-dW-h
    db = da.sum(axis=0)  # eq-rnn-db
    return Params(dW_x, dW_h, db)


# Checks.


def _check_inputs(params, x, state, mask, activation):
    D, H = _check_params(params)
    check_choice("activation", activation, tuple(ACTIVATIONS))
    check_dtypes(W_x=params.W_x, x=x)
    check_sequence(x, D)
    check_mask(mask, x)
    check_finite(x, mask)
    h = np.zeros((len(x), H), x.dtype) if state is None else state
    check_dtypes(W_x=params.W_x, state=h)
    check_shape("state", h, "(N, H)", (len(x), H))
    return h


def _check_params(params):
    check_type("params", params, (Params,))
    check_dtypes(**params._asdict())
    check_axes("W_x", params.W_x, "(D, H)")
    check_axes("W_h", params.W_h, "(H, H)")
    D, H = len(params.W_x), len(params.W_h)
    check_shape("W_h", params.W_h, "(H, H)", (H, H))
    check_shape("W_x", params.W_x, "(D, H)", (D, H))
    check_shape("b", params.b, "(H,)", (H,))
    return D, H


def _check_gradients(h, dhs, dstate):
    T, (N, H) = len(h) - 1, h[0].shape
    dhs = np.zeros((N, T, H), h.dtype) if dhs is None else dhs
    dh = np.zeros((N, H), h.dtype) if dstate is None else dstate
    check_dtypes(cache=h, dhs=dhs, dstate=dh)
    check_shape("dhs", dhs, "(N, T, H)", (N, T, H))
    check_shape("dstate", dh, "(N, H)", (N, H))
    return dhs, dh
