"""A diagonal state space layer (S4D, Gu et al. 2022): a bank of damped oscillators a channel.

Every channel d drives M complex states of its own, dh/dt = A h + x with A = -exp(log_decay) + i
frequency; held constant over a step of length dt, the input gives a linear recurrence with fixed
coefficients. Such a recurrence is also a convolution with a kernel as long as the sequence.

============== ========= ============================================================
symbol         shape     meaning
============== ========= ============================================================
x, y           (N, T, D) inputs and outputs
log_dt         (D,)      logarithm of the length of a step
log_decay      (D, M)    logarithm of the decay rates
frequency      (D, M)    angular frequencies
C_re, C_im     (D, M)    weights of the states in the output
skip           (D,)      weights past them
============== ========= ============================================================
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
from rnnbook.numpy.linear_recurrence import check_inputs, for_cache, output_gradients
from rnnbook.numpy.masks import select
from rnnbook.numpy.scan import scan, scan_backward


class Params(NamedTuple):
    """Weights of a diagonal state space layer, all real."""

    log_dt: np.ndarray  # (D,)
    log_decay: np.ndarray  # (D, M)
    frequency: np.ndarray  # (D, M)
    C_re: np.ndarray  # (D, M)
    C_im: np.ndarray  # (D, M)
    skip: np.ndarray  # (D,)


class Cache(NamedTuple):
    """What the backward pass needs."""

    x: np.ndarray  # (N, T, D), zero where masked
    mask: np.ndarray | None  # (N, T)
    hs: np.ndarray  # (N, T, D, M) complex, kept where masked
    h_0: np.ndarray  # (N, D, M) complex


def init(
    rng: np.random.Generator, input_size: int, state_size: int, *, dtype: DTypeLike = np.float64
) -> Params:
    """S4D-Lin: decay 1/2, frequencies pi m, steps from 0.001 to 0.1 on a logarithmic scale.

    >>> init(np.random.default_rng(0), input_size=2, state_size=3).frequency.shape
    (2, 3)
    """
    check_sizes(input_size=input_size, state_size=state_size)
    check_floating(dtype)
    D, M = input_size, state_size
    log_dt = rng.uniform(np.log(1e-3), np.log(1e-1), D)
    frequency = np.tile(np.pi * np.arange(M), (D, 1))
    C = rng.standard_normal((2, D, M)) / np.sqrt(2)
    weights = (log_dt, np.full((D, M), np.log(0.5)), frequency, *C, np.ones(D))
    return Params(*(w.astype(dtype) for w in weights))


def discretise(params: Params) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of one step, (D, M) each: h_t = A_bar * h_(t-1) + B_bar * x_t.

    >>> A_bar, B_bar = discretise(init(np.random.default_rng(0), input_size=2, state_size=3))
    >>> bool((np.abs(A_bar) < 1).all())
    True
    """
    _check_params(params)
    A, dt = _continuous(params)
    A_bar = np.exp(A * dt)  # eq-ssm-a
    B_bar = np.expm1(A * dt) / A  # eq-ssm-b
    kind = np.result_type(params.log_dt, np.complex64)
    return A_bar.astype(kind), B_bar.astype(kind)


def step(params: Params, x_t: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One step of N sequences: (N, D) inputs and the state (N, D, M) give outputs, the next state.

    >>> params = init(np.random.default_rng(0), input_size=2, state_size=3)
    >>> y_t, state = step(params, np.ones((1, 2)), np.zeros((1, 2, 3), complex))
    >>> y_t.shape, state.shape
    ((1, 2), (1, 2, 3))
    """
    check_type("params", params, (Params,))
    check_step(x_t, len(params.log_dt))
    y, state, _ = forward(params, x_t[:, None], state)
    return y[:, 0], state


def forward(
    params: Params,
    x: np.ndarray,
    state: np.ndarray | None = None,
    *,
    mask: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, Cache]:
    """Run N sequences of T steps and keep what `backward` needs.

    Takes `x` (N, T, D), the complex state (N, D, M) to start from (zeros if None) and a Boolean
    `mask` (N, T). Returns the outputs y (N, T, D), the last state, and the cache. A masked step
    keeps the state and outputs zero.

    >>> params = init(np.random.default_rng(0), input_size=2, state_size=3)
    >>> y, state, cache = forward(params, np.ones((1, 5, 2)))
    >>> y.shape, state.shape
    ((1, 5, 2), (1, 2, 3))
    """
    h_0 = _check_inputs(params, x, state, mask)
    x, h_0, mask = for_cache(x, h_0, mask)
    A_bar, B_bar = discretise(params)
    u = B_bar * x[..., None]
    hs = scan(np.broadcast_to(A_bar, u.shape), u, h_0, mask=mask)  # eq-ssm-h
    C = params.C_re + 1j * params.C_im
    y = 2 * (hs * C).real.sum(axis=-1) + params.skip * x  # eq-ssm-y
    y = y.astype(x.dtype) if mask is None else select(mask, y.astype(x.dtype), 0)
    return y, hs[:, -1].copy(), Cache(x, mask, hs, h_0)


def kernel(params: Params, length: int) -> np.ndarray:
    """The kernel (T, D) of the convolution that the layer is: its answer to a single 1.

    >>> params = init(np.random.default_rng(0), input_size=2, state_size=3)
    >>> kernel(params, 5).shape
    (5, 2)
    """
    check_sizes(length=length)
    _check_params(params)
    A, dt = _continuous(params)
    _, B_bar = discretise(params)
    C = params.C_re + 1j * params.C_im
    powers = np.exp(A * dt * np.arange(length)[:, None, None])
    k = 2 * (powers * B_bar * C).real.sum(axis=-1)  # eq-ssm-kernel
    return k.astype(params.log_dt.dtype)


def convolve(params: Params, x: np.ndarray) -> np.ndarray:
    """Outputs y (N, T, D) from the state zero, by Fourier transform: O(T log T).

    >>> params = init(np.random.default_rng(0), input_size=2, state_size=3)
    >>> x = np.random.default_rng(1).standard_normal((1, 50, 2))
    >>> bool(np.allclose(convolve(params, x), forward(params, x)[0], atol=1e-12))
    True
    """
    _check_inputs(params, x, None, None)
    T = x.shape[1]
    k_f, x_f = np.fft.rfft(kernel(params, T), 2 * T, axis=0), np.fft.rfft(x, 2 * T, axis=1)
    y = np.fft.irfft(k_f * x_f, 2 * T, axis=1)[:, :T] + params.skip * x  # eq-ssm-convolution
    return y.astype(x.dtype)


def backward(
    params: Params, cache: Cache, dy: np.ndarray | None, dstate: np.ndarray | None = None
) -> tuple[Params, np.ndarray, np.ndarray]:
    """Gradients of the parameters, of x and of the first state.

    Takes the gradients `dy` (N, T, D) at the outputs and `dstate` (N, D, M) at the last state,
    None for zeros. A gradient at a complex value is dL/d(real part) + i dL/d(imaginary part).

    >>> params = init(np.random.default_rng(0), input_size=2, state_size=3)
    >>> y, _, cache = forward(params, np.ones((1, 5, 2)))
    >>> dparams, dx, dstate_0 = backward(params, cache, np.ones_like(y))
    >>> dparams.frequency.shape, dx.shape
    ((2, 3), (1, 5, 2))
    """
    _check_params(params)
    x, mask, hs, h_0 = cache
    dy = output_gradients(x, dy, None, mask)
    A, dt = _continuous(params)
    A_bar, B_bar = discretise(params)
    C = params.C_re + 1j * params.C_im
    dC = 2 * (dy[..., None] * hs.conj()).sum(axis=(0, 1))
    dhs = output_gradients(hs, (2 * dy[..., None] * C.conj()).astype(hs.dtype), dstate, mask)
    dA_bar, du, dh_0 = scan_backward(np.broadcast_to(A_bar, hs.shape), hs, h_0, dhs, mask=mask)
    dx = (du * B_bar.conj()).real.sum(axis=-1) + dy * params.skip
    dB_bar = (du * x[..., None]).sum(axis=(0, 1))
    dA_bar = dA_bar.sum(axis=(0, 1)) + dB_bar / A.conj()
    dexponent = dA_bar * A_bar.conj()  # at A dt
    dA = dexponent * dt - dB_bar * (B_bar / A).conj()
    dlog_dt = (dexponent * A.conj()).real.sum(axis=1) * dt[:, 0]
    dparams = Params(
        dlog_dt,
        -dA.real * np.exp(params.log_decay),
        dA.imag,
        *(dC.real, dC.imag),
        (x * dy).sum(axis=(0, 1)),
    )
    return dparams, dx, dh_0


def _continuous(params):
    """A (D, M) of the equation in continuous time, and the length (D, 1) of a step."""
    A = -np.exp(params.log_decay) + 1j * params.frequency
    return A, np.exp(params.log_dt)[:, None]


def _check_inputs(params, x, state, mask):
    D, M = _check_params(params)
    check_dtypes(log_dt=params.log_dt, x=x)
    return check_inputs(x, D, state, ("D", "M"), (D, M), mask, np.result_type(x, np.complex64))


def _check_params(params):
    check_type("params", params, (Params,))
    check_dtypes(**params._asdict())
    check_axes("log_decay", params.log_decay, "(D, M)")
    D, M = params.log_decay.shape
    for name, value in params._asdict().items():
        wide = name not in ("log_dt", "skip")
        check_shape(name, value, "(D, M)" if wide else "(D,)", (D, M) if wide else (D,))
    return D, M
