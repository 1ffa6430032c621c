"""Long short-term memory: forward and backward, every line an equation.

Hochreiter and Schmidhuber (1997) introduced the cell, Gers, Schmidhuber and Cummins (2000)
its forget gate; peepholes are from Gers, Schraudolph and Schmidhuber (2002).

========= ============= ===========================================================
symbol    shape         meaning
========= ============= ===========================================================
x         (N, T, D)     inputs: N sequences of T steps with D features
h, c      (N, H)        state: what the cell shows, and what it remembers
W_x       (D, 4H)       weights from the input, gates in the order i, f, g, o
W_h       (H, 4H)       weights from the previous h
b         (4H,)         bias
p         (3, H)        peepholes of i, f, o (`PeepholeParams` only)
a_i       (N, H)        pre-activation of gate i; da_i is its gradient
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
from rnnbook.numpy.activations import sigmoid
from rnnbook.numpy.init import glorot_uniform, orthogonal
from rnnbook.numpy.masks import check_mask, rows, select


class Params(NamedTuple):
    """Weights of an LSTM layer, gates in the order i, f, g, o along the last axis."""

    W_x: np.ndarray  # (D, 4H)
    W_h: np.ndarray  # (H, 4H)
    b: np.ndarray  # (4H,)


class PeepholeParams(NamedTuple):
    """Weights of an LSTM layer whose gates i and f also see c_{t-1}, and o sees c_t."""

    W_x: np.ndarray  # (D, 4H)
    W_h: np.ndarray  # (H, 4H)
    b: np.ndarray  # (4H,)
    p: np.ndarray  # (3, H): p_i, p_f, p_o


class State(NamedTuple):
    """What one step hands to the next."""

    h: np.ndarray  # (N, H)
    c: np.ndarray  # (N, H)


class Cache(NamedTuple):
    """What the backward pass needs from the forward pass. Time comes first: x[t] is one block."""

    x: np.ndarray  # (T, N, D), zero where masked
    mask: np.ndarray | None  # (N, T)
    h: np.ndarray  # (T + 1, N, H), h[t] before step t and h[t + 1] after it
    c: np.ndarray  # (T + 1, N, H)
    gates: np.ndarray  # (T, 4, N, H): i, f, g, o of every step


def init(
    rng: np.random.Generator,
    input_size: int,
    hidden_size: int,
    *,
    peepholes: bool = False,
    forget_bias: float = 1.0,
    dtype: DTypeLike = np.float64,
) -> Params | PeepholeParams:
    """Random weights: Glorot-uniform W_x, one orthogonal matrix per gate in W_h, zero bias.

    The forget gate's bias starts at `forget_bias`: with 1 the cell keeps its memory until
    training finds a reason to forget (Gers et al. 2000; Jozefowicz et al. 2015). With
    `peepholes` the weights are `PeepholeParams`, with peepholes of zero.

    >>> [w.shape for w in init(np.random.default_rng(0), input_size=3, hidden_size=2)]
    [(3, 8), (2, 8), (8,)]
    """
    check_sizes(input_size=input_size, hidden_size=hidden_size)
    check_floating(dtype)
    H = hidden_size
    W_x = glorot_uniform(rng, input_size, 4 * H)
    W_h = np.concatenate([orthogonal(rng, H) for _ in range(4)], axis=1)
    b = np.zeros(4 * H)
    b[H : 2 * H] = forget_bias
    params = Params(W_x.astype(dtype), W_h.astype(dtype), b.astype(dtype))
    return PeepholeParams(*params, np.zeros((3, H), dtype)) if peepholes else params


def step(
    params: Params | PeepholeParams, x_t: np.ndarray, state: tuple[np.ndarray, np.ndarray]
) -> State:
    """One step of N sequences: (N, D) inputs and a state of (N, H) arrays give the next state.

    >>> params = init(np.random.default_rng(0), input_size=3, hidden_size=2)
    >>> zeros = np.zeros((1, 2))
    >>> h, c = step(params, np.ones((1, 3)), (zeros, zeros))
    >>> h.shape, c.shape
    ((1, 2), (1, 2))
    """
    check_type("params", params, (Params, PeepholeParams))
    check_step(x_t, len(params.W_x))
    state = _check_inputs(params, x_t[:, None], state, None)
    h, c, _ = _cell(params, _input_product(params, x_t), *state)
    return State(h, c)


def forward(
    params: Params | PeepholeParams,
    x: np.ndarray,
    state: tuple[np.ndarray, np.ndarray] | None = None,
    *,
    mask: np.ndarray | None = None,
) -> tuple[np.ndarray, State, Cache]:
    """Run N sequences of T steps and keep what `backward` needs.

    Takes `x` (N, T, D), the state to start from (zeros if None) and a Boolean `mask` (N, T).
    Returns `hs` (N, T, H), the last state, and the cache. A masked step keeps the state and
    outputs zero.

    Raises `ValueError` for a wrong shape, an empty sequence, or an unmasked NaN, and
    `TypeError` for a wrong or mixed dtype.

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
    a_x = _input_product(params, rows(x)).reshape(T, N, 4 * H)
    h, c = np.empty((2, T + 1, N, H), x.dtype)
    gates = np.empty((T, 4, N, H), x.dtype)
    h[0], c[0] = h_0, c_0
    for t in range(T):
        h[t + 1], c[t + 1], gates[t] = _cell(params, a_x[t], h[t], c[t])
        if mask is not None:
            h[t + 1] = select(mask[:, t], h[t + 1], h[t])
            c[t + 1] = select(mask[:, t], c[t + 1], c[t])
    hs = h[1:].swapaxes(0, 1)
    hs.flags.writeable = False  # the cache shares its memory
    if mask is not None:
        hs = select(mask, hs, 0)
    return hs, State(h[-1].copy(), c[-1].copy()), Cache(x, mask, h, c, gates)


def backward(
    params: Params | PeepholeParams,
    cache: Cache,
    dhs: np.ndarray | None,
    dstate: tuple[np.ndarray, np.ndarray] | None = None,
) -> tuple[Params | PeepholeParams, np.ndarray, State]:
    """Backpropagation through time: gradients of a loss from its gradients at the outputs.

    Takes `dhs` (N, T, H), the gradient at each output (None: the loss reads the last state
    only), and `dstate`, the gradient at the last state (None: zeros). Returns the gradients of
    the parameters (same type as `params`), of `x` (zero where masked), and of the first state.

    >>> params = init(np.random.default_rng(0), input_size=3, hidden_size=2)
    >>> hs, state, cache = forward(params, np.ones((1, 5, 3)))
    >>> dparams, dx, dstate_0 = backward(params, cache, np.ones_like(hs))
    >>> dparams.W_h.shape, dx.shape, dstate_0.c.shape
    ((2, 8), (1, 5, 3), (1, 2))
    """
    _check_params(params)
    x, mask, h, c, gates = cache
    dhs, dh, dc = _check_gradients(h, dhs, dstate)
    T, (N, H) = len(x), dh.shape
    W_hT = params.W_h.T.copy()  # one block of memory: the loop's product is faster
    da = np.empty((T, N, 4 * H), x.dtype)
    for t in reversed(range(T)):
        dh_t, dc_t = dh + dhs[:, t], dc
        if mask is not None:
            dh_t, dc_t = select(mask[:, t], dh_t, 0), select(mask[:, t], dc, 0)
        da[t], dh_t, dc_t = _cell_backward(params, W_hT, gates[t], c[t], c[t + 1], dh_t, dc_t)
        if mask is not None:
            dh_t, dc_t = select(mask[:, t], dh_t, dh), select(mask[:, t], dc_t, dc)
        dh, dc = dh_t, dc_t
    dx = rows(da) @ params.W_x.T  # eq-lstm-dx
    dx = dx.reshape(T, N, -1).swapaxes(0, 1)
    return _parameter_gradients(params, cache, da), dx, State(dh, dc)


# The equations. One line each; the backward lines run in the reverse order of the forward ones.


def _input_product(params, x):
    a_x = x @ params.W_x
    a_x += params.b  # eq-lstm-ax
    return a_x


def _cell(params, a_x_t, h_prev, c_prev):
    a = a_x_t + h_prev @ params.W_h  # eq-lstm-a
    a_i, a_f, a_g, a_o = _blocks(a)
    if isinstance(params, PeepholeParams):
        a_i = a_i + params.p[0] * c_prev  # eq-lstm-peephole-i
        a_f = a_f + params.p[1] * c_prev  # eq-lstm-peephole-f
    i = sigmoid(a_i)  # eq-lstm-i
    f = sigmoid(a_f)  # eq-lstm-f
    g = np.tanh(a_g)  # eq-lstm-g
    c = f * c_prev + i * g  # eq-lstm-c
    if isinstance(params, PeepholeParams):
        a_o = a_o + params.p[2] * c  # eq-lstm-peephole-o
    o = sigmoid(a_o)  # eq-lstm-o
    h = o * np.tanh(c)  # eq-lstm-h
    return h, c, (i, f, g, o)


def _cell_backward(params, W_hT, gates, c_prev, c, dh, dc):
    i, f, g, o = gates
    tanh_c = np.tanh(c)
    do = dh * tanh_c  # eq-lstm-do
    da_o = do * o * (1 - o)  # eq-lstm-da-o
    dc = dc + dh * o * (1 - tanh_c * tanh_c)  # eq-lstm-dc
    if isinstance(params, PeepholeParams):
        dc = dc + da_o * params.p[2]  # eq-lstm-peephole-dc
    da_g = dc * i * (1 - g * g)  # eq-lstm-da-g
    da_f = dc * c_prev * f * (1 - f)  # eq-lstm-da-f
    da_i = dc * g * i * (1 - i)  # eq-lstm-da-i
    dc_prev = dc * f  # eq-lstm-dc-prev
    if isinstance(params, PeepholeParams):
        dc_prev = dc_prev + da_i * params.p[0] + da_f * params.p[1]  # eq-lstm-peephole-dc-prev
    da = np.concatenate((da_i, da_f, da_g, da_o), axis=-1)
    dh_prev = da @ W_hT  # eq-lstm-dh-prev
    return da, dh_prev, dc_prev


def _parameter_gradients(params, cache, da):
    x, h_prev, da = rows(cache.x), rows(cache.h[:-1]), rows(da)
    dW_x = x.T @ da  # eq-lstm-dW-x
    dW_h = h_prev.T @ da  # eq-lstm-dW-h
    db = da.sum(axis=0)  # eq-lstm-db
    if not isinstance(params, PeepholeParams):
        return Params(dW_x, dW_h, db)
    c_prev, c = rows(cache.c[:-1]), rows(cache.c[1:])
    da_i, da_f, _, da_o = _blocks(da)
    dp_i = (da_i * c_prev).sum(axis=0)  # eq-lstm-peephole-dp-i
    dp_f = (da_f * c_prev).sum(axis=0)  # eq-lstm-peephole-dp-f
    dp_o = (da_o * c).sum(axis=0)  # eq-lstm-peephole-dp-o
    return PeepholeParams(dW_x, dW_h, db, np.stack((dp_i, dp_f, dp_o)))


# Checks and small helpers.


def _blocks(a):
    """The four gates' columns of (..., 4H), in the order i, f, g, o."""
    H = a.shape[-1] // 4
    return a[..., :H], a[..., H : 2 * H], a[..., 2 * H : 3 * H], a[..., 3 * H :]


def _check_inputs(params, x, state, mask):
    D, H = _check_params(params)
    check_dtypes(W_x=params.W_x, x=x)
    check_sequence(x, D)
    check_mask(mask, x)
    check_finite(x, mask)
    if state is None:
        return State(*np.zeros((2, len(x), H), x.dtype))
    h, c = state
    check_dtypes(W_x=params.W_x, h=h, c=c)
    check_shape("h", h, "(N, H)", (len(x), H))
    check_shape("c", c, "(N, H)", (len(x), H))
    return State(h, c)


def _check_params(params):
    check_type("params", params, (Params, PeepholeParams))
    check_dtypes(**params._asdict())
    check_axes("W_x", params.W_x, "(D, 4H)")
    check_axes("W_h", params.W_h, "(H, 4H)")
    D, H = len(params.W_x), len(params.W_h)
    check_shape("W_h", params.W_h, "(H, 4H)", (H, 4 * H))
    check_shape("W_x", params.W_x, "(D, 4H)", (D, 4 * H))
    check_shape("b", params.b, "(4H,)", (4 * H,))
    if isinstance(params, PeepholeParams):
        check_shape("p", params.p, "(3, H)", (3, H))
    return D, H


def _check_gradients(h, dhs, dstate):
    T, (N, H) = len(h) - 1, h[0].shape
    dhs = np.zeros((N, T, H), h.dtype) if dhs is None else dhs
    dh, dc = np.zeros((2, N, H), h.dtype) if dstate is None else dstate
    check_dtypes(cache=h, dhs=dhs, dh=dh, dc=dc)
    check_shape("dhs", dhs, "(N, T, H)", (N, T, H))
    check_shape("dh", dh, "(N, H)", (N, H))
    check_shape("dc", dc, "(N, H)", (N, H))
    return dhs, dh, dc
