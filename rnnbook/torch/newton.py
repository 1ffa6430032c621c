"""All states of a GRU at once, by Newton's method. Symbols and sources: `rnnbook.numpy.newton`.

The iterations need no gradient. One more of them, at the solution and under autograd, gives it:
what a weight changes in f goes on through the same linear recurrence. So gradients cost one scan,
and can be taken once.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from rnnbook._check import check_choice, check_shape, check_sizes, type_name
from rnnbook.numpy.newton import JACOBIANS
from rnnbook.numpy.scan import chunk_length
from rnnbook.torch._check import check_inputs, check_tensor
from rnnbook.torch.gru import GRU
from rnnbook.torch.scan import scan


class Solution(NamedTuple):
    """States, and how far they are from a solution. They are none unless `converged` is True."""

    hs: Tensor  # (N, T, H)
    errors: list[float]  # largest entry of f - h, of the guess and after each iteration
    converged: bool


def states(
    layer: GRU,
    x: Tensor,
    state: Tensor | None = None,
    *,
    jacobian: str = "full",
    tolerance: float = 1e-10,
    max_iterations: int = 100,
    guess: Tensor | None = None,
) -> Solution:
    """All states (N, T, H) of a GRU from `state` (zeros if None), by Newton's iterations.

    >>> layer, x = GRU(3, 2, dtype=torch.float64), torch.ones(1, 200, 3, dtype=torch.float64)
    >>> found = states(layer, x)
    >>> found.converged, torch.allclose(found.hs, layer(x)[0], atol=1e-9)
    (True, True)
    """
    _check_layer(layer)
    check_choice("jacobian", jacobian, JACOBIANS)
    check_sizes(max_iterations=max_iterations)
    if not tolerance > 0:
        raise ValueError(f"tolerance is {tolerance}; expected a positive number")
    (h_0,) = check_inputs(layer, x, state, None)
    hs, bound, errors = _check_guess(guess, x, h_0), h_0.abs().clamp(min=1)[:, None], []
    with torch.no_grad():
        a_x = _input_product(layer, x)
        for iteration in range(max_iterations + 1):
            before = torch.cat([h_0[:, None], hs[:, :-1]], dim=1)
            f, J = tangent(layer, a_x, before, jacobian)
            errors.append(float((f - hs).abs().max()))
            if errors[-1] <= tolerance or iteration == max_iterations:
                break
            hs = _linear(J, f, before, h_0, jacobian).nan_to_num(0.0, torch.inf, -torch.inf)
            hs = hs.clamp(-bound, bound)
        _, J = tangent(layer, a_x, before, "full")
    if torch.is_grad_enabled():
        f, _ = tangent(layer, _input_product(layer, x), before, "diagonal")
        hs = _linear(J, f, before, h_0, "full")
    return Solution(hs, errors, errors[-1] <= tolerance)


def tangent(layer: GRU, a_x: Tensor, h: Tensor, jacobian: str = "full") -> tuple[Tensor, Tensor]:
    """f (N, T, H) and J (N, T, H, H), or its diagonal (N, T, H), at the states `h` before a step.

    `a_x` (N, T, 3H) is the product of the inputs, x W_x + b_x.

    >>> f, J = tangent(GRU(3, 2), torch.ones(1, 5, 6), torch.zeros(1, 5, 2))
    >>> f.shape, J.shape
    (torch.Size([1, 5, 2]), torch.Size([1, 5, 2, 2]))
    """
    a_xr, a_xz, a_xn = a_x.chunk(3, dim=-1)
    a_hr, a_hz, a_hn = _recurrent_product(layer, h).chunk(3, dim=-1)
    r, z = torch.sigmoid(a_xr + a_hr), torch.sigmoid(a_xz + a_hz)
    n = torch.tanh(a_xn + r * a_hn)
    f = (1 - z) * n + z * h
    da_n = (1 - z) * (1 - n * n)
    da_z = (h - n) * z * (1 - z)
    da_r = da_n * a_hn * r * (1 - r)
    W_r, W_z, W_n = layer.W_h.chunk(3, dim=-1)
    if jacobian == "diagonal":
        return f, da_r * W_r.diag() + da_z * W_z.diag() + da_n * r * W_n.diag() + z
    W = W_r * _columns(da_r) + W_z * _columns(da_z) + W_n * _columns(da_n * r)
    J = W + torch.diag_embed(z)  # eq-newton-jacobian
    return f, J


def matrix_scan(J: Tensor, b: Tensor, h_0: Tensor, *, chunk: int | None = None) -> Tensor:
    """All h_t = h_(t-1) J_t + b_t with matrices J (N, T, H, H), as `scan` does it for numbers.

    >>> J = 0.5 * torch.eye(2).expand(1, 3, 2, 2)
    >>> matrix_scan(J, torch.ones(1, 3, 2), torch.zeros(1, 2))[0, :, 0].tolist()
    [1.0, 1.5, 1.75]
    """
    N, T, H = b.shape
    check_shape("J", J, "(N, T, H, H)", (N, T, H, H))
    check_shape("h_0", h_0, "(N, H)", (N, H))
    L = chunk_length(T, chunk)
    eye = torch.eye(H, dtype=b.dtype, device=b.device)
    J, b = _in_chunks(J, L, eye), _in_chunks(b[:, :, None], L, b.new_zeros(1, H))
    A, B = J[0], b[0]
    for J_t, b_t in zip(J[1:], b[1:], strict=True):  # all chunks at once, from zero: h -> h A + B
        A, B = A @ J_t, B @ J_t + b_t
    h, into = h_0[:, None], []
    for A_k, B_k in zip(A.unbind(1), B.unbind(1), strict=True):  # what comes into each chunk
        into.append(h)
        h = h @ A_k + B_k
    h, hs = torch.stack(into, dim=1), []
    for J_t, b_t in zip(J, b, strict=True):  # all chunks at once, from there
        h = h @ J_t + b_t  # eq-newton-h
        hs.append(h)
    return torch.stack(hs, dim=2).reshape(N, -1, H)[:, :T]


def _input_product(layer, x):
    return x @ layer.W_x + layer.b_x


def _recurrent_product(layer, h):
    return h @ layer.W_h + layer.b_h


def _linear(J, f, before, h_0, jacobian):
    """The states of the linear recurrence that is left."""
    before = before.detach()
    if jacobian == "diagonal":
        return scan(J, f - before * J, h_0)
    b = f - (before[:, :, None] @ J)[:, :, 0]  # eq-newton-b
    return matrix_scan(J, b, h_0)


def _columns(v):
    """(N, T, H) as rows that scale the columns of (H, H) matrices."""
    return v[..., None, :]


def _in_chunks(x, L, fill):
    """(N, T, ...) as L tensors (N, K, ...); the last chunk is filled up."""
    N, T, *rest = x.shape
    K = -(-T // L)
    if K * L > T:
        x = torch.cat([x, fill.expand(N, K * L - T, *rest)], dim=1)
    return x.reshape(N, K, L, *rest).unbind(2)


def _check_layer(layer):
    if not isinstance(layer, GRU) or layer.reset != "after":
        kind = f"{type_name(type(layer))}" + (' with reset="before"' if type(layer) is GRU else "")
        raise TypeError(f'layer is a {kind}; expected a GRU of rnnbook.torch with reset="after"')


def _check_guess(guess, x, h_0):
    shape = (*x.shape[:2], h_0.shape[1])
    if guess is None:
        return h_0.new_zeros(shape)
    check_tensor("guess", guess)
    check_shape("guess", guess, "(N, T, H)", shape)
    return guess
