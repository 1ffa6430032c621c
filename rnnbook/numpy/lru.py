"""Linear recurrent unit (Orvieto et al. 2023): a diagonal linear recurrence with complex states.

Each state turns by a fixed angle and shrinks by a fixed factor at every step; the network around
it is linear, so layers are stacked with something nonlinear in between. `gamma` shrinks the inputs
where ``|lambda|`` is near 1, since such a state sums up many.

============ ========= ==============================================================
symbol       shape     meaning
============ ========= ==============================================================
x, y         (N, T, D) inputs and outputs
nu, theta    (H,)      lambda = exp(-exp(nu) + i exp(theta)), so that ``|lambda| < 1``
log_gamma    (H,)      logarithm of the scale of the inputs
B_re, B_im   (D, H)    weights into the state
C_re, C_im   (H, D)    weights out of it
skip         (D,)      weights past it
h            (N, T, H) complex states
============ ========= ==============================================================
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
from rnnbook.numpy.masks import rows, select
from rnnbook.numpy.scan import scan, scan_backward


class Params(NamedTuple):
    """Weights of a linear recurrent unit, all real."""

    nu: np.ndarray  # (H,)
    theta: np.ndarray  # (H,)
    log_gamma: np.ndarray  # (H,)
    B_re: np.ndarray  # (D, H)
    B_im: np.ndarray  # (D, H)
    C_re: np.ndarray  # (H, D)
    C_im: np.ndarray  # (H, D)
    skip: np.ndarray  # (D,)


class Cache(NamedTuple):
    """What the backward pass needs."""

    x: np.ndarray  # (N, T, D), zero where masked
    mask: np.ndarray | None  # (N, T)
    hs: np.ndarray  # (N, T, H) complex, kept where masked
    h_0: np.ndarray  # (N, H) complex


def init(
    rng: np.random.Generator,
    input_size: int,
    hidden_size: int,
    *,
    radius: tuple[float, float] = (0.9, 0.999),
    max_angle: float = 2 * np.pi,
    dtype: DTypeLike = np.float64,
) -> Params:
    """Eigenvalues uniform on the ring between two radii; normal B, C and skip.

    >>> params = init(np.random.default_rng(0), input_size=3, hidden_size=2)
    >>> bool((np.abs(eigenvalues(params)) < 0.999).all())
    True
    """
    check_sizes(input_size=input_size, hidden_size=hidden_size)
    check_floating(dtype)
    low, high = radius
    if not 0 < low < high < 1:
        raise ValueError(f"radius is {radius}; expected two increasing numbers between 0 and 1")
    D, H = input_size, hidden_size
    squared = rng.uniform(low**2, high**2, H)
    nu, theta = np.log(-0.5 * np.log(squared)), np.log(rng.uniform(1e-6, max_angle, H))
    B, C = rng.standard_normal((2, D, H)) / np.sqrt(2 * D), rng.standard_normal((2, H, D))
    C = C / np.sqrt(H)
    weights = (nu, theta, 0.5 * np.log(1 - squared), *B, *C, rng.standard_normal(D))
    return Params(*(w.astype(dtype) for w in weights))


def eigenvalues(params: Params) -> np.ndarray:
    """The complex factors lambda (H,) of one step.

    >>> params = init(np.random.default_rng(0), input_size=3, hidden_size=2)
    >>> eigenvalues(params).dtype
    dtype('complex128')
    """
    _check_params(params)
    lam = np.exp(-np.exp(params.nu) + 1j * np.exp(params.theta))  # eq-lru-lambda
    return lam.astype(np.result_type(params.nu, np.complex64))


def step(params: Params, x_t: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One step of N sequences: inputs (N, D), state (N, H) give outputs (N, D), the next state.

    >>> params = init(np.random.default_rng(0), input_size=3, hidden_size=2)
    >>> y_t, state = step(params, np.ones((1, 3)), np.zeros((1, 2), complex))
    >>> y_t.shape, state.shape
    ((1, 3), (1, 2))
    """
    check_type("params", params, (Params,))
    check_step(x_t, len(params.B_re))
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

    Takes `x` (N, T, D), the complex state (N, H) to start from (zeros if None) and a Boolean
    `mask` (N, T). Returns the outputs y (N, T, D), the last state, and the cache. A masked step
    keeps the state and outputs zero.

    >>> params = init(np.random.default_rng(0), input_size=3, hidden_size=2)
    >>> y, state, cache = forward(params, np.ones((1, 5, 3)))
    >>> y.shape, state.dtype
    ((1, 5, 3), dtype('complex128'))
    """
    h_0 = _check_inputs(params, x, state, mask)
    x, h_0, mask = for_cache(x, h_0, mask)
    lam = eigenvalues(params)
    u = np.exp(params.log_gamma) * (x @ (params.B_re + 1j * params.B_im))  # eq-lru-u
    hs = scan(np.broadcast_to(lam, u.shape), u.astype(lam.dtype), h_0, mask=mask)  # eq-lru-h
    y = (hs @ (params.C_re + 1j * params.C_im)).real + params.skip * x  # eq-lru-y
    y = y.astype(x.dtype) if mask is None else select(mask, y.astype(x.dtype), 0)
    return y, hs[:, -1].copy(), Cache(x, mask, hs, h_0)


def backward(
    params: Params, cache: Cache, dy: np.ndarray | None, dstate: np.ndarray | None = None
) -> tuple[Params, np.ndarray, np.ndarray]:
    """Gradients of the parameters, of x and of the first state.

    Takes the gradients `dy` (N, T, D) at the outputs and `dstate` (N, H) at the last state,
    None for zeros. A gradient at a complex value is dL/d(real part) + i dL/d(imaginary part).

    >>> params = init(np.random.default_rng(0), input_size=3, hidden_size=2)
    >>> y, _, cache = forward(params, np.ones((1, 5, 3)))
    >>> dparams, dx, dstate_0 = backward(params, cache, np.ones_like(y))
    >>> dparams.B_re.shape, dx.shape
    ((3, 2), (1, 5, 3))
    """
    _check_params(params)
    x, mask, hs, h_0 = cache
    dy = output_gradients(x, dy, None, mask)
    lam, gamma = eigenvalues(params), np.exp(params.log_gamma)
    B, C = params.B_re + 1j * params.B_im, params.C_re + 1j * params.C_im
    dC = rows(hs).conj().T @ rows(dy)
    dhs = output_gradients(hs, (dy @ C.conj().T).astype(hs.dtype), dstate, mask)
    dlam, du, dh_0 = scan_backward(np.broadcast_to(lam, hs.shape), hs, h_0, dhs, mask=mask)
    dexponent = rows(dlam).sum(axis=0) * lam.conj()
    dB = gamma * (rows(x).T @ rows(du))
    dlog_gamma = (rows(du).conj() * (rows(x) @ B) * gamma).real.sum(axis=0)
    dx = ((gamma * du) @ B.conj().T).real + dy * params.skip
    dparams = Params(
        -dexponent.real * np.exp(params.nu),
        dexponent.imag * np.exp(params.theta),
        dlog_gamma,
        *(dB.real, dB.imag),
        *(dC.real, dC.imag),
        rows(x * dy).sum(axis=0),
    )
    return dparams, dx, dh_0


def _check_inputs(params, x, state, mask):
    D, H = _check_params(params)
    check_dtypes(nu=params.nu, x=x)
    return check_inputs(x, D, state, ("H",), (H,), mask, np.result_type(x, np.complex64))


def _check_params(params):
    check_type("params", params, (Params,))
    check_dtypes(**params._asdict())
    check_axes("B_re", params.B_re, "(D, H)")
    D, H = params.B_re.shape
    shapes = [(H,)] * 3 + [(D, H)] * 2 + [(H, D)] * 2 + [(D,)]
    symbols = ["(H,)"] * 3 + ["(D, H)"] * 2 + ["(H, D)"] * 2 + ["(D,)"]
    for (name, value), symbol, shape in zip(params._asdict().items(), symbols, shapes, strict=True):
        check_shape(name, value, symbol, shape)
    return D, H
