"""All states of a GRU at once, as the solution of an equation: Newton's method (DEER).

The states are what solves h_t = f(h_(t-1), x_t) for all t together. From a guess for all of them,
f is replaced by its tangent at the guess, and what is left is a linear recurrence:

    h_t = h'_(t-1) J_t + (f_t - h_(t-1) J_t),    J_t = df/dh at h_(t-1)

with h' new and h old. A scan solves it, and f and J are computed for all steps at once, so an
iteration takes 2 L + T / L steps in a row instead of T (Lim, Zhu, Selfridge and Kasim 2024). After
k iterations the first k states are exact; how many more are close is a matter of the network. Where
it forgets its start, a handful of iterations does for any T; where small differences grow, it takes
about T of them (Gonzalez et al. 2024, 2025).

A full J has H^2 numbers, and the product of two of them costs H^3. With ``jacobian="diagonal"``
only its diagonal is used: a cheap iteration by `rnnbook.numpy.scan`, and more of them. The solution
is the same.

========= ============= ===========================================================
symbol    shape         meaning
========= ============= ===========================================================
x         (N, T, D)     inputs
hs        (N, T, H)     states
f         (N, T, H)     one step from the guess, at each step
J         (N, T, H, H)  its Jacobian, J_ij = df_j / dh_i; (N, T, H) if diagonal
========= ============= ===========================================================
"""

from typing import NamedTuple

import numpy as np

from rnnbook._check import check_choice, check_dtypes, check_shape, check_sizes, check_type
from rnnbook.numpy import gru
from rnnbook.numpy.scan import chunk_length, scan

JACOBIANS = ("full", "diagonal")


class Solution(NamedTuple):
    """States, and how far they are from a solution. They are none unless `converged` is True."""

    hs: np.ndarray  # (N, T, H)
    errors: np.ndarray  # largest entry of f - h, of the guess and after each iteration
    converged: bool


def states(
    params: gru.Params,
    x: np.ndarray,
    state: np.ndarray | None = None,
    *,
    jacobian: str = "full",
    tolerance: float = 1e-10,
    max_iterations: int = 100,
    guess: np.ndarray | None = None,
) -> Solution:
    """All states (N, T, H) of a GRU from `state` (zeros if None), by Newton's iterations.

    They begin at `guess` (N, T, H), zeros if None, and end when no state differs by more than
    `tolerance` from a step from the state before it (float32 reaches 1e-6), or after
    `max_iterations`; `converged` says which. No state of a GRU can leave the range from -1 to 1, or
    from -h_0 to h_0 where that is wider: what an iteration puts beyond it is moved to its edge.
    Raises `ValueError` and `TypeError` as `rnnbook.numpy.gru.forward` does.

    >>> params = gru.init(np.random.default_rng(0), input_size=3, hidden_size=2)
    >>> x = np.random.default_rng(1).standard_normal((1, 200, 3))
    >>> found = states(params, x)
    >>> found.converged, bool(np.allclose(found.hs, gru.forward(params, x)[0], atol=1e-9))
    (True, True)
    """
    check_type("params", params, (gru.Params,))
    check_choice("jacobian", jacobian, JACOBIANS)
    check_sizes(max_iterations=max_iterations)
    if not tolerance > 0:
        raise ValueError(f"tolerance is {tolerance}; expected a positive number")
    h_0 = gru._check_inputs(params, x, state, None)
    hs, bound = _check_guess(guess, x, h_0), np.maximum(1, np.abs(h_0))[:, None]
    a_x = gru._input_product(params, x)
    errors = []
    for iteration in range(max_iterations + 1):
        before = np.concatenate([h_0[:, None], hs[:, :-1]], axis=1)
        f, J = tangent(params, a_x, before, jacobian)
        errors.append(np.abs(f - hs).max())
        if errors[-1] <= tolerance or iteration == max_iterations:
            break
        with np.errstate(over="ignore", invalid="ignore"):  # where small differences grow
            hs = _linear(J, f, before, h_0, jacobian)
        hs = np.clip(np.where(np.isnan(hs), 0, hs), -bound, bound)
    return Solution(hs, np.array(errors), bool(errors[-1] <= tolerance))


def tangent(
    params: gru.Params, a_x: np.ndarray, h: np.ndarray, jacobian: str = "full"
) -> tuple[np.ndarray, np.ndarray]:
    """f (N, T, H) and J (N, T, H, H), or its diagonal (N, T, H), at the states `h` before a step.

    `a_x` (N, T, 3H) is the product of the inputs, x W_x + b_x.

    >>> params = gru.init(np.random.default_rng(0), input_size=3, hidden_size=2)
    >>> f, J = tangent(params, np.ones((1, 5, 6)), np.zeros((1, 5, 2)))
    >>> f.shape, J.shape
    ((1, 5, 2), (1, 5, 2, 2))
    """
    f, (r, z, n, a_hn) = gru._cell(params, a_x, h)
    da_n = (1 - z) * (1 - n * n)
    da_z = (h - n) * z * (1 - z)
    da_r = da_n * a_hn * r * (1 - r)
    W_r, W_z, W_n = gru._blocks(params.W_h)
    if jacobian == "diagonal":
        return f, da_r * np.diag(W_r) + da_z * np.diag(W_z) + da_n * r * np.diag(W_n) + z
    I = np.eye(h.shape[-1], dtype=h.dtype)
    W = W_r * _columns(da_r) + W_z * _columns(da_z) + W_n * _columns(da_n * r)
    J = W + I * _columns(z)  # eq-newton-jacobian
    return f, J


def matrix_scan(
    J: np.ndarray, b: np.ndarray, h_0: np.ndarray, *, chunk: int | None = None
) -> np.ndarray:
    """All h_t = h_(t-1) J_t + b_t with matrices J (N, T, H, H), as `scan` does it for numbers.

    >>> J = np.tile(0.5 * np.eye(2), (1, 3, 1, 1))
    >>> matrix_scan(J, np.ones((1, 3, 2)), np.zeros((1, 2)))[0, :, 0].tolist()
    [1.0, 1.5, 1.75]
    """
    N, T, H = b.shape
    check_dtypes(b=b, J=J, h_0=h_0)
    check_shape("J", J, "(N, T, H, H)", (N, T, H, H))
    check_shape("h_0", h_0, "(N, H)", (N, H))
    L = chunk_length(T, chunk)
    J, b = _in_chunks(J, L, np.eye(H, dtype=b.dtype)), _in_chunks(b[:, :, None], L, 0)
    A, B = J[:, :, 0], b[:, :, 0]
    for t in range(1, L):  # all chunks at once, from zero: h -> h A + B
        A, B = A @ J[:, :, t], B @ J[:, :, t] + b[:, :, t]
    h, into = h_0[:, None], np.empty_like(B)
    for k in range(B.shape[1]):  # what comes into each chunk
        into[:, k] = h
        h = h @ A[:, k] + B[:, k]
    hs, h = np.empty_like(b), into
    for t in range(L):  # all chunks at once, from there
        h = h @ J[:, :, t] + b[:, :, t]  # eq-newton-h
        hs[:, :, t] = h
    return hs.reshape(N, -1, H)[:, :T]


def _linear(J, f, before, h_0, jacobian):
    """The states of the linear recurrence that is left."""
    if jacobian == "diagonal":
        return scan(J, f - before * J, h_0)
    b = f - (before[:, :, None] @ J)[:, :, 0]  # eq-newton-b
    return matrix_scan(J, b, h_0)


def _columns(v):
    """(N, T, H) as rows that scale the columns of (H, H) matrices."""
    return v[..., None, :]


def _in_chunks(x, L, fill):
    """(N, T, ...) as (N, K, L, ...); the last chunk is filled up."""
    N, T, *rest = x.shape
    K = -(-T // L)
    if K * L > T:
        more = np.broadcast_to(fill, (N, K * L - T, *rest))
        x = np.concatenate([x, more.astype(x.dtype)], axis=1)
    return x.reshape(N, K, L, *rest)


def _check_guess(guess, x, h_0):
    shape = (*x.shape[:2], h_0.shape[1])
    if guess is None:
        return np.zeros(shape, x.dtype)
    check_dtypes(x=x, guess=guess)
    check_shape("guess", guess, "(N, T, H)", shape)
    return guess
