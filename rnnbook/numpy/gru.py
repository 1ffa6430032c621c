"""The gated recurrent unit: forward and backward, every line an equation.

Cho et al. (2014), as published, have the reset gate *before* the recurrent product
(`BeforeParams`). The form with the reset gate *after* it (`Params`) is the one in cuDNN,
torch.nn.GRU and Keras's default: all three recurrent products become one. The two are
different models: the same weights give different outputs, but for special cases such as a
diagonal candidate block of W_h without its bias.

========= ============= ===========================================================
symbol    shape         meaning
========= ============= ===========================================================
x         (N, T, D)     inputs: N sequences of T steps with D features
h         (N, H)        state, which is also the output of the step
W_x       (D, 3H)       weights from the input, gates in the order r, z, n
W_h       (H, 3H)       weights from the previous h
b_x, b_h  (3H,)         biases of the two products; b_h is absent from `BeforeParams`
r, z      (N, H)        reset gate; update gate, where z = 1 keeps the old state
n         (N, H)        candidate state
a_r       (N, H)        pre-activation of r; da_r is its gradient
========= ============= ===========================================================
"""

from collections.abc import Callable
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
from rnnbook.numpy.activations import sigmoid
from rnnbook.numpy.init import glorot_uniform, orthogonal
from rnnbook.numpy.masks import check_mask, rows, select


class Params(NamedTuple):
    """Weights of a GRU layer that resets after the product, gates in the order r, z, n."""

    W_x: np.ndarray  # (D, 3H)
    W_h: np.ndarray  # (H, 3H)
    b_x: np.ndarray  # (3H,)
    b_h: np.ndarray  # (3H,)


class BeforeParams(NamedTuple):
    """Weights of a GRU layer that resets before the product, gates in the order r, z, n."""

    W_x: np.ndarray  # (D, 3H)
    W_h: np.ndarray  # (H, 3H)
    b: np.ndarray  # (3H,)


RESETS: dict[str, type[Params] | type[BeforeParams]] = {"after": Params, "before": BeforeParams}
BLOCKS = {Params: ("r", "z", "n"), BeforeParams: ("r", "z", "n")}  # of H columns each, in order


class Cache(NamedTuple):
    """What the backward pass needs from the forward pass. Time comes first: x[t] is one block."""

    x: np.ndarray  # (T, N, D), zero where masked
    mask: np.ndarray | None  # (N, T)
    h: np.ndarray  # (T + 1, N, H), h[t] before step t and h[t + 1] after it
    gates: np.ndarray  # (T, 4, N, H): r, z, n and a_hn of every step


def init(
    rng: np.random.Generator,
    input_size: int,
    hidden_size: int,
    *,
    reset: str = "after",
    dtype: DTypeLike = np.float64,
) -> Params | BeforeParams:
    """Random weights: Glorot-uniform W_x, one orthogonal matrix per gate in W_h, zero biases.

    `reset` is "after" for `Params` or "before" for `BeforeParams`.

    >>> [w.shape for w in init(np.random.default_rng(0), input_size=3, hidden_size=2)]
    [(3, 6), (2, 6), (6,), (6,)]
    """
    check_sizes(input_size=input_size, hidden_size=hidden_size)
    check_floating(dtype)
    check_choice("reset", reset, tuple(RESETS))
    kind, H = RESETS[reset], hidden_size
    blocks = BLOCKS[kind]
    W_x = glorot_uniform(rng, input_size, len(blocks) * H).astype(dtype)
    W_h = np.concatenate([orthogonal(rng, H) for _ in blocks], axis=1).astype(dtype)
    biases = [np.zeros(len(blocks) * H, dtype) for _ in kind._fields[2:]]
    return kind(W_x, W_h, *biases)


def step(params: Params | BeforeParams, x_t: np.ndarray, state: np.ndarray) -> np.ndarray:
    """One step of N sequences: (N, D) inputs and the state h (N, H) give the next h.

    >>> params = init(np.random.default_rng(0), input_size=3, hidden_size=2)
    >>> step(params, np.ones((1, 3)), np.zeros((1, 2))).shape
    (1, 2)
    """
    check_type("params", params, tuple(_EQUATIONS))
    check_step(x_t, len(params.W_x))
    state = _check_inputs(params, x_t[:, None], state, None)
    cell = _EQUATIONS[type(params)].cell
    h, _ = cell(params, _input_product(params, x_t), state)
    return h


def forward(
    params: Params | BeforeParams,
    x: np.ndarray,
    state: np.ndarray | None = None,
    *,
    mask: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, Cache]:
    """Run N sequences of T steps and keep what `backward` needs.

    Takes `x` (N, T, D), the state h to start from (zeros if None) and a Boolean `mask` (N, T).
    Returns `hs` (N, T, H), the last state, and the cache. A masked step keeps the state and
    outputs zero.

    Raises `ValueError` for a wrong shape, an empty sequence or an unmasked NaN, and `TypeError`
    for a wrong or mixed dtype.

    >>> params = init(np.random.default_rng(0), input_size=3, hidden_size=2)
    >>> hs, state, cache = forward(params, np.ones((1, 5, 3)))
    >>> hs.shape, bool((hs[:, -1] == state).all())
    ((1, 5, 2), True)
    """
    h_0 = _check_inputs(params, x, state, mask)
    cell, cached = _EQUATIONS[type(params)].cell, _EQUATIONS[type(params)].cached
    if mask is not None:
        x, mask = select(mask, x, 0), mask.copy()  # `backward` reads the copy
    x = x.swapaxes(0, 1).copy()
    T, (N, H) = len(x), h_0.shape
    a_x = _input_product(params, rows(x)).reshape(T, N, -1)
    h = np.empty((T + 1, N, H), x.dtype)
    gates = np.empty((T, len(cached), N, H), x.dtype)
    h[0] = h_0
    for t in range(T):
        h[t + 1], gates[t] = cell(params, a_x[t], h[t])
        if mask is not None:
            h[t + 1] = select(mask[:, t], h[t + 1], h[t])
    hs = h[1:].swapaxes(0, 1)
    hs.flags.writeable = False  # the cache shares its memory
    if mask is not None:
        hs = select(mask, hs, 0)
    return hs, h[-1].copy(), Cache(x, mask, h, gates)


def backward(
    params: Params | BeforeParams,
    cache: Cache,
    dhs: np.ndarray | None,
    dstate: np.ndarray | None = None,
) -> tuple[Params | BeforeParams, np.ndarray, np.ndarray]:
    """Backpropagation through time: gradients of a loss from its gradients at the outputs.

    Takes `dhs` (N, T, H), the gradient at each output (None: the loss reads the last state
    only), and `dstate` (N, H), the gradient at the last state (None: zeros). Returns the
    gradients of the parameters (same type as `params`), of `x` (zero where masked), and of
    the first state.

    >>> params = init(np.random.default_rng(0), input_size=3, hidden_size=2)
    >>> hs, state, cache = forward(params, np.ones((1, 5, 3)))
    >>> dparams, dx, dstate_0 = backward(params, cache, np.ones_like(hs))
    >>> dparams.W_h.shape, dx.shape, dstate_0.shape
    ((2, 6), (1, 5, 3), (1, 2))
    """
    _check_params(params)
    x, mask, h, gates = cache
    dhs, dh = _check_gradients(h, dhs, dstate)
    cell_backward = _EQUATIONS[type(params)].cell_backward
    T, N = len(x), len(dh)
    W_hT = params.W_h.T.copy()  # one block of memory: the loop's product is faster
    da, da_h = np.empty((2, T, N, len(W_hT)), x.dtype)
    for t in reversed(range(T)):
        dh_t = dh + dhs[:, t]
        if mask is not None:
            dh_t = select(mask[:, t], dh_t, 0)
        da[t], da_h[t], dh_t = cell_backward(W_hT, gates[t], h[t], dh_t)
        dh = dh_t if mask is None else select(mask[:, t], dh_t, dh)
    dx = rows(da) @ params.W_x.T  # eq-gru-dx
    dx = dx.reshape(T, N, -1).swapaxes(0, 1)
    return _EQUATIONS[type(params)].parameter_gradients(cache, da, da_h), dx, dh


# The equations. One line each; the backward lines run in the reverse order of the forward ones.


def _input_product(params, x):
    b_x = params.b if isinstance(params, BeforeParams) else params.b_x
    a_x = x @ params.W_x
    a_x += b_x  # eq-gru-ax
    return a_x


# Reset after the product (Params).


def _cell(params, a_x_t, h_prev):
    a_h = h_prev @ params.W_h + params.b_h  # eq-gru-ah
    (a_xr, a_xz, a_xn), (a_hr, a_hz, a_hn) = _blocks(a_x_t), _blocks(a_h)
    r = sigmoid(a_xr + a_hr)  # eq-gru-r
    z = sigmoid(a_xz + a_hz)  # eq-gru-z
    n = np.tanh(a_xn + r * a_hn)  # eq-gru-n
    h = (1 - z) * n + z * h_prev  # eq-gru-h
    return h, (r, z, n, a_hn)


def _cell_backward(W_hT, gates, h_prev, dh):
    r, z, n, a_hn = gates
    da_n = dh * (1 - z) * (1 - n * n)  # eq-gru-da-n
    da_z = dh * (h_prev - n) * z * (1 - z)  # eq-gru-da-z
    da_r = da_n * a_hn * r * (1 - r)  # eq-gru-da-r
    da = np.concatenate((da_r, da_z, da_n), axis=-1)
    da_h = np.concatenate((da_r, da_z, da_n * r), axis=-1)  # eq-gru-da-h
    dh_prev = dh * z + da_h @ W_hT  # eq-gru-dh-prev
    return da, da_h, dh_prev


def _parameter_gradients(cache, da, da_h):
    x, h_prev, da, da_h = rows(cache.x), rows(cache.h[:-1]), rows(da), rows(da_h)
    dW_x = x.T @ da  # eq-gru-dW-x
    dW_h = h_prev.T @ da_h  # eq-gru-dW-h
    db_x = da.sum(axis=0)  # eq-gru-db-x
    db_h = da_h.sum(axis=0)  # eq-gru-db-h
    return Params(dW_x, dW_h, db_x, db_h)


# Reset before the product (BeforeParams).


def _before_cell(params, a_x_t, h_prev):
    W_hr, W_hz, W_hn = _blocks(params.W_h)
    a_xr, a_xz, a_xn = _blocks(a_x_t)
    r = sigmoid(a_xr + h_prev @ W_hr)  # eq-gru-before-r
    z = sigmoid(a_xz + h_prev @ W_hz)  # eq-gru-before-z
    a_hn = (r * h_prev) @ W_hn  # eq-gru-before-ahn
    n = np.tanh(a_xn + a_hn)  # eq-gru-before-n
    h = (1 - z) * n + z * h_prev  # eq-gru-before-h
    return h, (r, z, n, a_hn)


def _before_cell_backward(W_hT, gates, h_prev, dh):
    W_hrT, W_hzT, W_hnT = np.split(W_hT, 3)
    r, z, n, _ = gates
    da_n = dh * (1 - z) * (1 - n * n)  # eq-gru-before-da-n
    da_z = dh * (h_prev - n) * z * (1 - z)  # eq-gru-before-da-z
    drh = da_n @ W_hnT  # eq-gru-before-drh
    da_r = drh * h_prev * r * (1 - r)  # eq-gru-before-da-r
    dh_prev = dh * z + drh * r + da_z @ W_hzT + da_r @ W_hrT  # eq-gru-before-dh-prev
    da = np.concatenate((da_r, da_z, da_n), axis=-1)
    return da, da, dh_prev


def _before_parameter_gradients(cache, da, _):
    r, h_prev = cache.gates[:, 0], cache.h[:-1]
    x, h_prev, rh, da = rows(cache.x), rows(h_prev), rows(r * h_prev), rows(da)
    da_r, da_z, da_n = _blocks(da)
    dW_x = x.T @ da  # eq-gru-before-dW-x
    dW_hr = h_prev.T @ da_r  # eq-gru-before-dW-hr
    dW_hz = h_prev.T @ da_z  # eq-gru-before-dW-hz
    dW_hn = rh.T @ da_n  # eq-gru-before-dW-hn
    db = da.sum(axis=0)  # eq-gru-before-db
    return BeforeParams(dW_x, np.concatenate((dW_hr, dW_hz, dW_hn), axis=1), db)


class _Equations(NamedTuple):
    """What tells one form of the GRU from another; all else is the same for all of them."""

    cached: tuple[str, ...]  # what `cell` hands to `cell_backward`
    cell: Callable
    cell_backward: Callable
    parameter_gradients: Callable


_EQUATIONS = {
    Params: _Equations(("r", "z", "n", "a_hn"), _cell, _cell_backward, _parameter_gradients),
    BeforeParams: _Equations(
        ("r", "z", "n", "a_hn"),
        _before_cell,
        _before_cell_backward,
        _before_parameter_gradients,
    ),
}


# Checks and small helpers.


def _blocks(a):
    """The three gates' columns of (..., 3H), in the order r, z, n."""
    H = a.shape[-1] // 3
    return a[..., :H], a[..., H : 2 * H], a[..., 2 * H :]


def _check_inputs(params, x, state, mask):
    D, H = _check_params(params)
    check_dtypes(W_x=params.W_x, x=x)
    check_sequence(x, D)
    check_mask(mask, x)
    check_finite(x, mask)
    h = np.zeros((len(x), H), x.dtype) if state is None else state
    check_dtypes(W_x=params.W_x, state=h)
    check_shape("state", h, "(N, H)", (len(x), H))
    return h


def _check_params(params):
    check_type("params", params, tuple(_EQUATIONS))
    check_dtypes(**params._asdict())
    K = len(BLOCKS[type(params)])
    check_axes("W_x", params.W_x, f"(D, {K}H)")
    check_axes("W_h", params.W_h, f"(H, {K}H)")
    D, H = len(params.W_x), len(params.W_h)
    check_shape("W_h", params.W_h, f"(H, {K}H)", (H, K * H))
    check_shape("W_x", params.W_x, f"(D, {K}H)", (D, K * H))
    for name, bias in params._asdict().items():
        if name.startswith("b"):
            check_shape(name, bias, f"({K}H,)", (K * H,))
    return D, H


def _check_gradients(h, dhs, dstate):
    T, (N, H) = len(h) - 1, h[0].shape
    dhs = np.zeros((N, T, H), h.dtype) if dhs is None else dhs
    dh = np.zeros((N, H), h.dtype) if dstate is None else dstate
    check_dtypes(cache=h, dhs=dhs, dstate=dh)
    check_shape("dhs", dhs, "(N, T, H)", (N, T, H))
    check_shape("dstate", dh, "(N, H)", (N, H))
    return dhs, dh
