"""The LSTM with layer normalisation of Ba, Kiros and Hinton (2016): forward and backward.

Each of the two products and the cell are normalised over their units, so that their size no
longer depends on the scale of inputs or weights. Gates and cell are those of `rnnbook.numpy.lstm`.

========= ============= ===========================================================
symbol    shape         meaning
========= ============= ===========================================================
x         (N, T, D)     inputs: N sequences of T steps with D features
h, c      (N, H)        state: what the cell shows, and what it remembers
W_x       (D, 4H)       weights from the input, gates in the order i, f, g, o
W_h       (H, 4H)       weights from the previous h
b         (4H,)         bias
s_x, s_h  (4H,)         gains of the normalised products
s_c, b_c  (H,)          gain and bias of the normalised cell
u_x, u_h  (N, 4H)       normalised products: mean 0 and variance 1 over the units
u_c       (N, H)        normalised cell
========= ============= ===========================================================
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from rnnbook._check import (
    check_axes,
    check_dtypes,
    check_finite,
    check_floating,
    check_sequence,
    check_shape,
    check_sizes,
    check_step,
    check_type,
)
from rnnbook.numpy import lstm
from rnnbook.numpy.activations import sigmoid
from rnnbook.numpy.lstm import State
from rnnbook.numpy.masks import check_mask, rows, select

EPSILON = 1e-5  # added to the variance


class Params(NamedTuple):
    """Weights of a layer-normalised LSTM, gates in the order i, f, g, o."""

    W_x: np.ndarray  # (D, 4H)
    W_h: np.ndarray  # (H, 4H)
    b: np.ndarray  # (4H,)
    s_x: np.ndarray  # (4H,)
    s_h: np.ndarray  # (4H,)
    s_c: np.ndarray  # (H,)
    b_c: np.ndarray  # (H,)


class Cache(NamedTuple):
    """What the backward pass needs from the forward pass. Time comes first: x[t] is one block."""

    x: np.ndarray  # (T, N, D), zero where masked
    mask: np.ndarray | None  # (N, T)
    h: np.ndarray  # (T + 1, N, H), h[t] before step t and h[t + 1] after it
    c: np.ndarray  # (T + 1, N, H)
    gates: np.ndarray  # (T, 4, N, H): i, f, g, o of every step
    normal_x: tuple  # u_x (T, N, 4H) and what the product was divided by (T, N, 1)
    normal_h: list  # the same of h, step by step
    normal_c: list  # the same of c


def init(
    rng: np.random.Generator,
    input_size: int,
    hidden_size: int,
    *,
    forget_bias: float = 1.0,
    dtype: DTypeLike = np.float64,
) -> Params:
    """As an LSTM: Glorot-uniform W_x, one orthogonal matrix per gate in W_h, zero b but
    `forget_bias` for f. The gains are 1, the bias b_c of the cell is 0.

    >>> [w.shape for w in init(np.random.default_rng(0), input_size=3, hidden_size=2)]
    [(3, 8), (2, 8), (8,), (8,), (8,), (2,), (2,)]
    """
    check_sizes(input_size=input_size, hidden_size=hidden_size)
    check_floating(dtype)
    plain = lstm.init(rng, input_size, hidden_size, forget_bias=forget_bias, dtype=dtype)
    s_x, s_h = np.ones((2, 4 * hidden_size), dtype)
    s_c, b_c = np.ones(hidden_size, dtype), np.zeros(hidden_size, dtype)
    return Params(plain.W_x, plain.W_h, plain.b, s_x, s_h, s_c, b_c)


def step(params: Params, x_t: np.ndarray, state: tuple[np.ndarray, np.ndarray]) -> State:
    """One step of N sequences: (N, D) inputs and a state of (N, H) arrays give the next state.

    >>> params = init(np.random.default_rng(0), input_size=3, hidden_size=2)
    >>> zeros = np.zeros((1, 2))
    >>> h, c = step(params, np.ones((1, 3)), (zeros, zeros))
    >>> h.shape, c.shape
    ((1, 2), (1, 2))
    """
    check_type("params", params, (Params,))
    check_step(x_t, len(params.W_x))
    state = _check_inputs(params, x_t[:, None], state, None)
    u_x, _ = _normalise(x_t @ params.W_x)
    h, c, *_ = _cell(params, u_x, *state)
    return State(h, c)


def forward(
    params: Params,
    x: np.ndarray,
    state: tuple[np.ndarray, np.ndarray] | None = None,
    *,
    mask: np.ndarray | None = None,
) -> tuple[np.ndarray, State, Cache]:
    """Run N sequences of T steps and keep what `backward` needs.

    Takes `x` (N, T, D), the state to start from (zeros if None) and a Boolean `mask` (N, T).
    Returns `hs` (N, T, H), the last state, and the cache. A masked step keeps the state and
    outputs zero.

    >>> params = init(np.random.default_rng(0), input_size=3, hidden_size=2)
    >>> hs, state, cache = forward(params, np.ones((1, 5, 3)))
    >>> hs.shape, bool((hs[:, -1] == state.h).all())
    ((1, 5, 2), True)
    """
    h_0, c_0 = _check_inputs(params, x, state, mask)
    if mask is not None:
        x, mask = select(mask, x, 0), mask.copy()  # `backward` reads the copy
    x = x.swapaxes(0, 1).copy()
    T, (N, H) = len(x), h_0.shape
    u_x, scale_x = _normalise(x @ params.W_x)
    h, c = np.empty((2, T + 1, N, H), x.dtype)
    gates, normal_h, normal_c = np.empty((T, 4, N, H), x.dtype), [], []
    h[0], c[0] = h_0, c_0
    for t in range(T):
        h[t + 1], c[t + 1], gates[t], of_h, of_c = _cell(params, u_x[t], h[t], c[t])
        normal_h.append(of_h)
        normal_c.append(of_c)
        if mask is not None:
            h[t + 1] = select(mask[:, t], h[t + 1], h[t])
            c[t + 1] = select(mask[:, t], c[t + 1], c[t])
    hs = h[1:].swapaxes(0, 1).copy() if mask is None else select(mask, h[1:].swapaxes(0, 1), 0)
    cache = Cache(x, mask, h, c, gates, (u_x, scale_x), normal_h, normal_c)
    return hs, State(h[-1].copy(), c[-1].copy()), cache


def backward(
    params: Params,
    cache: Cache,
    dhs: np.ndarray | None,
    dstate: tuple[np.ndarray, np.ndarray] | None = None,
) -> tuple[Params, np.ndarray, State]:
    """Backpropagation through time: gradients of a loss from its gradients at the outputs.

    Takes `dhs` (N, T, H), the gradient at each output (None: the loss reads the last state
    only), and `dstate`, the gradient at the last state (None: zeros). Returns the gradients of
    the parameters, of `x` (zero where masked), and of the first state.

    >>> params = init(np.random.default_rng(0), input_size=3, hidden_size=2)
    >>> hs, state, cache = forward(params, np.ones((1, 5, 3)))
    >>> dparams, dx, dstate_0 = backward(params, cache, np.ones_like(hs))
    >>> dparams.s_c.shape, dx.shape, dstate_0.c.shape
    ((2,), (1, 5, 3), (1, 2))
    """
    _check_params(params)
    x, mask, h, c, gates, normal_x, normal_h, normal_c = cache
    dhs, dh, dc = lstm._check_gradients(h, dhs, dstate)
    T, (N, H) = len(x), dh.shape
    da, dv_h = np.empty((2, T, N, 4 * H), x.dtype)
    dy_c = np.empty((T, N, H), x.dtype)
    for t in reversed(range(T)):
        dh_t, dc_t = dh + dhs[:, t], dc
        if mask is not None:
            dh_t, dc_t = select(mask[:, t], dh_t, 0), select(mask[:, t], dc, 0)
        da[t], dv_h[t], dy_c[t], dc_t = _cell_backward(
            params, gates[t], c[t], normal_h[t], normal_c[t], dh_t, dc_t
        )
        dh_t = dv_h[t] @ params.W_h.T
        if mask is not None:
            dh_t, dc_t = select(mask[:, t], dh_t, dh), select(mask[:, t], dc_t, dc)
        dh, dc = dh_t, dc_t
    dv_x = _normalise_backward(normal_x, da * params.s_x)
    dx = (dv_x @ params.W_x.T).swapaxes(0, 1)
    return _parameter_gradients(cache, da, dv_x, dv_h, dy_c), dx, State(dh, dc)


# The equations. The backward lines run in the reverse order of the forward ones.


def _normalise(v):
    centred = v - v.mean(axis=-1, keepdims=True)
    scale = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + EPSILON)
    u = centred / scale  # eq-layer-norm
    return u, scale


def _normalise_backward(normal, du):
    """Neither the mean of v nor its length can change u, so the gradient leaves both out."""
    u, scale = normal
    along = (du * u).mean(axis=-1, keepdims=True)
    return (du - du.mean(axis=-1, keepdims=True) - u * along) / scale


def _cell(params, u_x, h_prev, c_prev):
    u_h, scale_h = _normalise(h_prev @ params.W_h)
    a = params.s_x * u_x + params.s_h * u_h + params.b  # eq-layer-norm-a
    a_i, a_f, a_g, a_o = np.split(a, 4, axis=-1)
    i = sigmoid(a_i)
    f = sigmoid(a_f)
    g = np.tanh(a_g)
    c = f * c_prev + i * g
    o = sigmoid(a_o)
    u_c, scale_c = _normalise(c)
    h = o * np.tanh(params.s_c * u_c + params.b_c)  # eq-layer-norm-h
    return h, c, (i, f, g, o), (u_h, scale_h), (u_c, scale_c)


def _cell_backward(params, gates, c_prev, normal_h, normal_c, dh, dc):
    i, f, g, o = gates
    tanh_y = np.tanh(params.s_c * normal_c[0] + params.b_c)
    dy_c = dh * o * (1 - tanh_y * tanh_y)
    da_o = dh * tanh_y * o * (1 - o)
    dc = dc + _normalise_backward(normal_c, dy_c * params.s_c)
    da_g = dc * i * (1 - g * g)
    da_f = dc * c_prev * f * (1 - f)
    da_i = dc * g * i * (1 - i)
    da = np.concatenate((da_i, da_f, da_g, da_o), axis=-1)
    dv_h = _normalise_backward(normal_h, da * params.s_h)
    return da, dv_h, dy_c, dc * f


def _parameter_gradients(cache, da, dv_x, dv_h, dy_c):
    dW_x = rows(cache.x).T @ rows(dv_x)
    dW_h = rows(cache.h[:-1]).T @ rows(dv_h)
    db = rows(da).sum(axis=0)
    ds_x = rows(da * cache.normal_x[0]).sum(axis=0)
    ds_h = rows(da * np.stack([u for u, _ in cache.normal_h])).sum(axis=0)
    ds_c = rows(dy_c * np.stack([u for u, _ in cache.normal_c])).sum(axis=0)
    db_c = rows(dy_c).sum(axis=0)
    return Params(dW_x, dW_h, db, ds_x, ds_h, ds_c, db_c)


# Checks.


def _check_inputs(params, x, state, mask):
    D, H = _check_params(params)
    check_dtypes(W_x=params.W_x, x=x)
    check_sequence(x, D)
    check_mask(mask, x)
    check_finite(x, mask)
    h, c = np.zeros((2, len(x), H), x.dtype) if state is None else state
    check_dtypes(W_x=params.W_x, h=h, c=c)
    check_shape("h", h, "(N, H)", (len(x), H))
    check_shape("c", c, "(N, H)", (len(x), H))
    return State(h, c)


def _check_params(params):
    check_type("params", params, (Params,))
    check_dtypes(**params._asdict())
    check_axes("W_x", params.W_x, "(D, 4H)")
    check_axes("W_h", params.W_h, "(H, 4H)")
    D, H = len(params.W_x), len(params.W_h)
    shapes = [(D, 4 * H), (H, 4 * H), (4 * H,), (4 * H,), (4 * H,), (H,), (H,)]
    symbols = ["(D, 4H)", "(H, 4H)", "(4H,)", "(4H,)", "(4H,)", "(H,)", "(H,)"]
    for (name, value), symbol, shape in zip(params._asdict().items(), symbols, shapes, strict=True):
        check_shape(name, value, symbol, shape)
    return D, H
