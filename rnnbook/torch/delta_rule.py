"""A memory that is a matrix, in PyTorch. Symbols and sources: `rnnbook.numpy.delta_rule`.

Gradients come from autograd. `unbind` cuts the inputs into steps or chunks once: the backward pass
of an index such as `k[:, t]` would fill a tensor as large as k at every step.
"""

import torch
from torch import Tensor

from rnnbook._check import check_shape, check_sizes
from rnnbook.torch._check import check_mask, check_tensor
from rnnbook.torch.layer import select

# Step by step.


def loop(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    b: Tensor,
    log_a: Tensor | None = None,
    S_0: Tensor | None = None,
    *,
    mask: Tensor | None = None,
    erase: bool = True,
) -> tuple[Tensor, Tensor]:
    """The outputs o (N, T, V) and the last memory (N, K, V), one step after the other.

    >>> k, v, b = torch.ones(1, 2, 1), torch.tensor([[[3.0], [5.0]]]), torch.ones(1, 2)
    >>> loop(k, k, v, b)[0][0, :, 0].tolist(), loop(k, k, v, b, erase=False)[0][0, :, 0].tolist()
    ([3.0, 5.0], [3.0, 8.0])
    """
    *moving, S = _inputs(q, k, v, b, log_a, S_0, mask)
    o = []
    for q_t, k_t, v_t, b_t, a_t in _steps(moving):
        decayed = a_t * S  # eq-delta-decay
        error = v_t - k_t @ decayed if erase else v_t  # eq-delta-error
        S = decayed + k_t.mT * (b_t * error)  # eq-delta-write
        o_t = q_t @ S  # eq-delta-read
        o.append(o_t)
    return torch.cat(o, dim=1), S


def _steps(moving):
    """q, k, v of each step as rows (N, 1, K), and b and a as (N, 1, 1)."""
    q, k, v, b, log_a = (x[:, :, None].unbind(1) for x in (*moving[:4], moving[4].exp()))
    return zip(q, k, v, b, log_a, strict=True)


# In chunks.


def chunks(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    b: Tensor,
    log_a: Tensor | None = None,
    S_0: Tensor | None = None,
    *,
    mask: Tensor | None = None,
    erase: bool = True,
    size: int = 32,
) -> tuple[Tensor, Tensor]:
    """The same as `loop` up to rounding, `size` steps in a few products: T / size steps remain.

    >>> q, k, v = torch.randn(3, 2, 50, 4, dtype=torch.float64)
    >>> k, b = k / k.norm(dim=-1, keepdim=True), 2 * torch.rand(2, 50, dtype=torch.float64)
    >>> torch.allclose(chunks(q, k, v, b, size=8)[0], loop(q, k, v, b)[0], atol=1e-12)
    True
    """
    check_sizes(size=size)
    *moving, S_0 = _inputs(q, k, v, b, log_a, S_0, mask)
    T = q.shape[1]
    q, k, v, b, log_a = (_in_chunks(x, min(size, T)) for x in moving)
    G = log_a.cumsum(dim=2)
    g, g_end, to_end, Gamma = _decays(G)
    e = b if erase else torch.zeros_like(b)
    A = (e * (Gamma * (k @ k.mT))).tril(-1)  # eq-delta-a
    X = _inverse(A)
    U_0, W = X @ (b * v), X @ (e * g * k)  # what U is for S = 0, and what S subtracts from it
    S = _memories(S_0, g_end, to_end * k, U_0, W)
    U = U_0 - W @ S[:, :-1]  # eq-delta-u
    o = g * q @ S[:, :-1] + (Gamma * (q @ k.mT)) @ U  # eq-delta-o
    return o.flatten(1, 2)[:, :T], S[:, -1]


def _decays(G):
    """From the start of a chunk to each step, over a chunk, from a step to the end, in between."""
    g, g_end = G.exp(), G[:, :, -1:].exp()
    to_end = (G[:, :, -1:] - G).exp()
    later = torch.ones(G.shape[2], G.shape[2], dtype=torch.bool, device=G.device).triu(1)
    Gamma = (G - G.mT).masked_fill(later, -torch.inf).exp()  # or what is above could overflow
    return g, g_end, to_end, Gamma


def _inverse(A):
    """The inverse of I + A for strictly lower triangular A, by substitution."""
    eye = torch.eye(A.shape[-1], dtype=A.dtype, device=A.device)
    return torch.linalg.solve_triangular(eye + A, eye, upper=False, unitriangular=True)


def _memories(S, g_end, k_end, U_0, W):
    """The memory before each chunk and after the last one."""
    found = [S]
    for g_m, k_m, U_m, W_m in zip(*(x.unbind(1) for x in (g_end, k_end, U_0, W)), strict=True):
        U = U_m - W_m @ S
        S = g_m * S + k_m.mT @ U  # eq-delta-s
        found.append(S)
    return torch.stack(found, dim=1)


def _in_chunks(x, C):
    """(N, T, ...) as (N, M, C, ...), the last chunk filled up with zeros, which write nothing."""
    N, T, *rest = x.shape
    M = -(-T // C)
    if M * C > T:
        x = torch.cat([x, x.new_zeros((N, M * C - T, *rest))], dim=1)
    return x.reshape(N, M, C, *rest)


# Checks and small helpers.


def _inputs(q, k, v, b, log_a, S_0, mask):
    """What came in, checked, zero where masked, with axes added so that all of it broadcasts."""
    given = {"q": q, "k": k, "v": v, "b": b, "log_a": log_a, "S_0": S_0}
    for name, x in given.items():
        if x is not None:
            check_tensor(name, x)
            if x.dtype != q.dtype:
                raise TypeError(f"{name} has dtype {x.dtype}; expected {q.dtype}, the dtype of q")
    if q.ndim != 3 or 0 in q.shape:
        raise ValueError(f"q has shape {tuple(q.shape)}; expected (N, T, K), none of them zero")
    N, T, K = q.shape
    V = v.shape[-1] if v.ndim else 0
    log_a = q.new_zeros((N, T)) if log_a is None else log_a
    S_0 = q.new_zeros((N, K, V)) if S_0 is None else S_0
    check_shape("k", k, "(N, T, K)", (N, T, K))
    check_shape("v", v, "(N, T, V)", (N, T, V))
    check_shape("b", b, "(N, T)", (N, T))
    check_shape("log_a", log_a, "(N, T)", (N, T))
    check_shape("S_0", S_0, "(N, K, V)", (N, K, V))
    check_mask(mask, (N, T))
    moving = (q, k, v, b[..., None], log_a[..., None])
    return *(select(mask, x, 0) for x in moving), S_0
