"""Convolutional LSTM (Shi et al. 2015): an LSTM at every pixel, which hears its neighbours.

The products of `rnnbook.numpy.lstm` become convolutions; nothing else changes. As in Keras's
ConvLSTM2D there are no peepholes, which the paper has.

========= ================= =======================================================
symbol    shape             meaning
========= ================= =======================================================
x         (N, T, R, C, D)   inputs: N videos of T frames with D channels
h, c      (N, R, C, H)      state; h is also the output of the step
W_x       (k, k, D, 4H)     filters of the input, gates in the order i, f, g, o
W_h       (k, k, H, 4H)     filters of the previous h; k is odd
b         (4H,)             bias
i, f, o   (N, R, C, H)      input, forget and output gate
g         (N, R, C, H)      candidate
a_i       (N, R, C, H)      pre-activation of i; da_i is its gradient
========= ================= =======================================================
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from rnnbook._check import (
    check_axes,
    check_dtypes,
    check_finite,
    check_floating,
    check_shape,
    check_sizes,
    check_type,
)
from rnnbook.numpy.activations import sigmoid
from rnnbook.numpy.convolution import convolve, convolve_backward, fold
from rnnbook.numpy.init import glorot_uniform, orthogonal
from rnnbook.numpy.masks import check_mask, select
from rnnbook.numpy.scan import as_wide_as


class Params(NamedTuple):
    """Weights of a convolutional LSTM, gates in the order i, f, g, o."""

    W_x: np.ndarray  # (k, k, D, 4H)
    W_h: np.ndarray  # (k, k, H, 4H)
    b: np.ndarray  # (4H,)


class State(NamedTuple):
    """The state of N videos after a step."""

    h: np.ndarray  # (N, R, C, H)
    c: np.ndarray  # (N, R, C, H)


class Cache(NamedTuple):
    """What the backward pass needs from the forward pass. Time comes first."""

    x: np.ndarray  # (T, N, R, C, D), zero where masked
    mask: np.ndarray | None  # (N, T)
    h: np.ndarray  # (T + 1, N, R, C, H), h[t] before step t and h[t + 1] after it
    c: np.ndarray  # (T + 1, N, R, C, H)
    gates: np.ndarray  # (T, 4, N, R, C, H): i, f, g, o


def init(
    rng: np.random.Generator,
    channels: int,
    hidden_size: int,
    *,
    kernel_size: int = 3,
    forget_bias: float = 1.0,
    dtype: DTypeLike = np.float64,
) -> Params:
    """Glorot-uniform W_x; in W_h an orthogonal matrix per gate at the centre, zero around it.

    With that start a pixel's state goes to itself; what neighbours say is learned.

    >>> [w.shape for w in init(np.random.default_rng(0), channels=2, hidden_size=3)]
    [(3, 3, 2, 12), (3, 3, 3, 12), (12,)]
    """
    check_sizes(channels=channels, hidden_size=hidden_size, kernel_size=kernel_size)
    check_floating(dtype)
    if kernel_size % 2 == 0:
        raise ValueError(f"kernel_size is {kernel_size}; expected an odd number")
    k, H = kernel_size, hidden_size
    W_x = glorot_uniform(rng, k * k * channels, 4 * H).reshape(k, k, channels, 4 * H)
    W_h = np.zeros((k, k, H, 4 * H))
    W_h[k // 2, k // 2] = np.concatenate([orthogonal(rng, H) for _ in range(4)], axis=1)
    b = np.zeros(4 * H, dtype)
    b[H : 2 * H] = forget_bias
    return Params(W_x.astype(dtype), W_h.astype(dtype), b)


def step(params: Params, x_t: np.ndarray, state: tuple[np.ndarray, np.ndarray]) -> State:
    """One step: frames (N, R, C, D) and a state give the next state.

    >>> params = init(np.random.default_rng(0), channels=2, hidden_size=3)
    >>> zeros = np.zeros((1, 5, 4, 3))
    >>> step(params, np.ones((1, 5, 4, 2)), State(zeros, zeros)).h.shape
    (1, 5, 4, 3)
    """
    check_dtypes(x_t=x_t)
    check_axes("x_t", x_t, "(N, R, C, D)")
    h, c = _check_inputs(params, x_t[:, None], state, None)
    h, c, _ = _cell(params, _input_product(params, x_t), h, c)
    return State(h, c)


def forward(
    params: Params,
    x: np.ndarray,
    state: tuple[np.ndarray, np.ndarray] | None = None,
    *,
    mask: np.ndarray | None = None,
) -> tuple[np.ndarray, State, Cache]:
    """Run N videos of T frames and keep what `backward` needs.

    Takes `x` (N, T, R, C, D), the state to start from (zeros if None) and a Boolean `mask`
    (N, T). Returns `hs` (N, T, R, C, H), the last state, and the cache. A masked frame keeps the
    state and outputs zero. Raises `ValueError` for a wrong shape or an unmasked NaN and
    `TypeError` for a wrong or mixed dtype.

    >>> params = init(np.random.default_rng(0), channels=2, hidden_size=3)
    >>> hs, state, cache = forward(params, np.ones((1, 6, 5, 4, 2)))
    >>> hs.shape, bool((hs[:, -1] == state.h).all())
    ((1, 6, 5, 4, 3), True)
    """
    h_0, c_0 = _check_inputs(params, x, state, mask)
    if mask is not None:
        x = np.where(as_wide_as(mask, x), x, np.zeros((), x.dtype))
        mask = mask.copy()  # `backward` reads the copy
    x = x.swapaxes(0, 1).copy()
    T = len(x)
    h, c = np.empty((2, T + 1, *h_0.shape), x.dtype)
    gates = np.empty((T, 4, *h_0.shape), x.dtype)
    h[0], c[0] = h_0, c_0
    for t in range(T):
        h[t + 1], c[t + 1], gates[t] = _cell(params, _input_product(params, x[t]), h[t], c[t])
        if mask is not None:
            h[t + 1] = _select(mask[:, t], h[t + 1], h[t])
            c[t + 1] = _select(mask[:, t], c[t + 1], c[t])
    hs = h[1:].swapaxes(0, 1).copy()
    if mask is not None:
        hs = np.where(as_wide_as(mask, hs), hs, np.zeros((), hs.dtype))
    return hs, State(h[-1].copy(), c[-1].copy()), Cache(x, mask, h, c, gates)


def backward(
    params: Params,
    cache: Cache,
    dhs: np.ndarray | None,
    dstate: tuple[np.ndarray, np.ndarray] | None = None,
) -> tuple[Params, np.ndarray, State]:
    """Backpropagation through time: gradients of a loss from its gradients at the outputs.

    Takes `dhs` (N, T, R, C, H) (None: the loss reads the last state only) and the gradients of
    the last state (None: zeros). Returns the gradients of the parameters, of `x` (zero where
    masked) and of the first state.

    >>> params = init(np.random.default_rng(0), channels=2, hidden_size=3)
    >>> hs, state, cache = forward(params, np.ones((1, 6, 5, 4, 2)))
    >>> dparams, dx, dstate_0 = backward(params, cache, np.ones_like(hs))
    >>> dparams.W_h.shape, dx.shape
    ((3, 3, 3, 12), (1, 6, 5, 4, 2))
    """
    _check_params(params)
    x, mask, h, c, gates = cache
    dhs, dh, dc = _check_gradients(h, dhs, dstate)
    da = np.empty((*h[1:].shape[:-1], 4 * h.shape[-1]), x.dtype)
    for t in reversed(range(len(x))):
        dh_t, dc_t = dh + dhs[:, t], dc
        if mask is not None:
            dh_t, dc_t = _select(mask[:, t], dh_t, 0), _select(mask[:, t], dc_t, 0)
        da[t], dh_t, dc_t = _cell_backward(params, gates[t], c[t], c[t + 1], dh_t, dc_t)
        if mask is not None:
            dh_t, dc_t = _select(mask[:, t], dh_t, dh), _select(mask[:, t], dc_t, dc)
        dh, dc = dh_t, dc_t
    dx, dparams = _parameter_gradients(params, cache, da)
    return dparams, dx.reshape(x.shape).swapaxes(0, 1), State(dh, dc)


# The equations. One line each; the backward lines run in the reverse order of the forward ones.


def _input_product(params, x_t):
    a_x = convolve(x_t, params.W_x) + params.b  # eq-conv-lstm-ax
    return a_x


def _cell(params, a_x_t, h_prev, c_prev):
    a = a_x_t + convolve(h_prev, params.W_h)  # eq-conv-lstm-a
    a_i, a_f, a_g, a_o = np.split(a, 4, axis=-1)
    i, f, o = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o)
    g = np.tanh(a_g)
    c = f * c_prev + i * g  # eq-conv-lstm-c
    h = o * np.tanh(c)  # eq-conv-lstm-h
    return h, c, (i, f, g, o)


def _cell_backward(params, gates, c_prev, c, dh, dc):
    i, f, g, o = gates
    tanh_c = np.tanh(c)
    da_o = dh * tanh_c * o * (1 - o)
    dc = dc + dh * o * (1 - tanh_c * tanh_c)
    da_g = dc * i * (1 - g * g)
    da_f = dc * c_prev * f * (1 - f)
    da_i = dc * g * i * (1 - i)
    dc_prev = dc * f
    da = np.concatenate((da_i, da_f, da_g, da_o), axis=-1)
    matrix = params.W_h.reshape(-1, params.W_h.shape[-1])
    dh_prev = fold(da @ matrix.T, len(params.W_h))  # eq-conv-lstm-dh-prev
    return da, dh_prev, dc_prev


def _parameter_gradients(params, cache, da):
    x, h_prev, da = (a.reshape(-1, *a.shape[2:]) for a in (cache.x, cache.h[:-1], da))
    _, dW_h = convolve_backward(h_prev, params.W_h, da)  # eq-conv-lstm-dW-h
    dx, dW_x = convolve_backward(x, params.W_x, da)
    return dx, Params(dW_x, dW_h, da.sum(axis=(0, 1, 2)))


# Checks.


def _select(mask_t, if_counted, if_masked):
    """`select`, for the frames (N, R, C, H) of one step."""
    return select(mask_t[:, None, None], if_counted, if_masked)


def _check_inputs(params, x, state, mask):
    _check_params(params)
    check_dtypes(W_x=params.W_x, x=x)
    H = check_videos(params.W_x, params.W_h, params.b, x)
    check_mask(mask, x)
    check_finite(x.reshape(*x.shape[:2], -1), mask)
    shape = (len(x), *x.shape[2:4], H)
    state = State(*np.zeros((2, *shape), x.dtype)) if state is None else State(*state)
    for name, value in state._asdict().items():
        check_dtypes(x=x, **{name: value})
        check_shape(name, value, "(N, R, C, H)", shape)
    return state


def _check_params(params):
    check_type("params", params, (Params,))
    check_dtypes(**params._asdict())
    check_filters(*params)


def check_videos(W_x: Any, W_h: Any, b: Any, x: Any) -> int:
    """Raise unless the filters fit one another and x is (N, T, R, C, D); return H."""
    D, H = check_filters(W_x, W_h, b)
    if len(x.shape) != 5 or x.shape[-1] != D or 0 in tuple(x.shape):
        raise ValueError(
            f"x has shape {tuple(x.shape)}; expected (N, T, R, C, D) with D = {D}, "
            "at least one video and one frame"
        )
    return H


def check_filters(W_x: Any, W_h: Any, b: Any) -> tuple[int, int]:
    """Raise unless the filters fit one another; return D and H.

    >>> check_filters(np.ones((3, 8)), np.ones((3, 3, 2, 8)), np.ones(8))
    Traceback (most recent call last):
    ...
    ValueError: W_x has shape (3, 8); expected (k, k, D, 4H)
    """
    check_axes("W_x", W_x, "(k, k, D, 4H)")
    check_axes("W_h", W_h, "(k, k, H, 4H)")
    k, _, D, _ = W_x.shape
    H = W_h.shape[2]
    check_shape("W_x", W_x, "(k, k, D, 4H)", (k, k, D, 4 * H))
    check_shape("W_h", W_h, "(k, k, H, 4H)", (k, k, H, 4 * H))
    check_shape("b", b, "(4H,)", (4 * H,))
    return D, H


def _check_gradients(h, dhs, dstate):
    T, (N, *shape) = len(h) - 1, h.shape[1:]
    dhs = np.zeros((N, T, *shape), h.dtype) if dhs is None else dhs
    dh, dc = np.zeros((2, N, *shape), h.dtype) if dstate is None else dstate
    check_dtypes(cache=h, dhs=dhs, dh=dh, dc=dc)
    check_shape("dhs", dhs, "(N, T, R, C, H)", (N, T, *shape))
    check_shape("dh", dh, "(N, R, C, H)", (N, *shape))
    check_shape("dc", dc, "(N, R, C, H)", (N, *shape))
    return dhs, dh, dc
