"""A memory that is a matrix: written by correction (the delta rule), step by step or in chunks.

What the state S holds for a key k is k S. A step lets S decay, and then corrects it: the write
moves what S holds for k towards v, all the way where b = 1 and k has length 1.

    S' = a_t S_(t-1),    S_t = S' + b_t k_t^T (v_t - k_t S'),    o_t = q_t S_t

With ``erase=False`` nothing is subtracted from v_t, so a write only adds: linear attention where
a = 1 (Katharopoulos et al. 2020), and with a decay that of RetNet and Mamba-2. The correction is
Widrow and Hoff's rule as a memory (Schlag, Irie and Schmidhuber 2021), and the decay before it
that of Yang, Kautz and Hatamizadeh (2025).

A write multiplies what S holds along k by 1 - b k k^T. So the state stays bounded while
b k k^T <= 2: at 1 the old value is gone, at 2 its sign has changed, and **beyond 2 it grows with
every write**. Nothing here checks that: make keys of length 1, and let b end at 2.

`chunks` computes the same as `loop`, many steps in one product (Yang et al. 2024). Let G sum up
log a within a chunk of C steps, g = exp(G) and Gamma_ij = exp(G_i - G_j) for i >= j. What the
writes of a chunk put in, U, solves a triangular system, and one read gives all outputs:

    A = tril(b (Gamma o K K^T), -1),    (I + A) U = b (V - g K S_0)
    O = g Q S_0 + (Gamma o Q K^T) U,    S_C = g_C S_0 + ((g_C / g) K)^T U

========== ============= ===================================================================
symbol     shape         meaning
========== ============= ===================================================================
q, k       (N, T, K)     queries and keys
v          (N, T, V)     values
b          (N, T)        strength of each write
log_a      (N, T)        logarithm of each decay, finite; None for no decay
S          (N, K, V)     the memory; S_0 is that to start from, zeros if None
o          (N, T, V)     outputs: what each query reads after the write of its step
========== ============= ===================================================================
"""

from typing import NamedTuple

import numpy as np

from rnnbook._check import check_dtypes, check_shape, check_sizes
from rnnbook.numpy.masks import check_mask


class Inputs(NamedTuple):
    """Copies of what came in, zero where masked, with axes added so that all of them broadcast."""

    q: np.ndarray  # (N, T, K)
    k: np.ndarray  # (N, T, K)
    v: np.ndarray  # (N, T, V)
    b: np.ndarray  # (N, T, 1)
    log_a: np.ndarray  # (N, T, 1)
    S_0: np.ndarray  # (N, K, V)
    mask: np.ndarray | None  # (N, T)
    erase: bool


class Cache(NamedTuple):
    """What `loop_backward` needs."""

    inputs: Inputs
    S: np.ndarray  # (T + 1, N, K, V), S[t] before step t and S[t + 1] after it


class ChunksCache(NamedTuple):
    """What `chunks_backward` needs. There are M chunks of C steps; the last one is filled up."""

    inputs: Inputs
    G: np.ndarray  # (N, M, C, 1), the sums of log_a within each chunk
    X: np.ndarray  # (N, M, C, C), the inverses of I + A
    U: np.ndarray  # (N, M, C, V), what each write puts in
    S: np.ndarray  # (N, M, K, V), the memory that comes into each chunk


class Gradients(NamedTuple):
    """Gradients of all that goes in, zero where masked; that of log_a also where it was None."""

    q: np.ndarray  # (N, T, K)
    k: np.ndarray  # (N, T, K)
    v: np.ndarray  # (N, T, V)
    b: np.ndarray  # (N, T)
    log_a: np.ndarray  # (N, T)
    S_0: np.ndarray  # (N, K, V)


# Step by step.


def loop(
    q: np.ndarray,
    k: np.ndarray,
    v: np.ndarray,
    b: np.ndarray,
    log_a: np.ndarray | None = None,
    S_0: np.ndarray | None = None,
    *,
    mask: np.ndarray | None = None,
    erase: bool = True,
) -> tuple[np.ndarray, np.ndarray, Cache]:
    """The outputs o, the last memory and a cache, one step after the other: the definition.

    A step that `mask` (N, T) does not count keeps the memory and outputs zero, whatever comes in.
    Raises `ValueError` for shapes and `TypeError` for dtypes that do not fit.

    The second write to a key replaces the first, or with ``erase=False`` adds to it:

    >>> k, v, b = np.ones((1, 2, 1)), np.array([[[3.0], [5.0]]]), np.ones((1, 2))
    >>> loop(k, k, v, b)[0][0, :, 0].tolist(), loop(k, k, v, b, erase=False)[0][0, :, 0].tolist()
    ([3.0, 5.0], [3.0, 8.0])
    """
    inputs = _inputs(q, k, v, b, log_a, S_0, mask, erase)
    N, T, V = v.shape
    S = np.empty((T + 1, *inputs.S_0.shape), v.dtype)
    o = np.empty((N, T, V), v.dtype)
    S[0] = inputs.S_0
    for t in range(T):
        q_t, k_t, v_t, b_t, a_t = _at(inputs, t)
        decayed = a_t * S[t]  # eq-delta-decay
        error = v_t - k_t @ decayed if erase else v_t  # eq-delta-error
        S[t + 1] = decayed + k_t.mT * (b_t * error)  # eq-delta-write
        o[:, t : t + 1] = q_t @ S[t + 1]  # eq-delta-read
    return o, S[-1].copy(), Cache(inputs, S)


def loop_backward(
    cache: Cache, do: np.ndarray | None = None, dS: np.ndarray | None = None
) -> Gradients:
    """Gradients from `do` (N, T, V) at the outputs and `dS` (N, K, V) at the last memory.

    None stands for zeros.

    >>> k, v, b = np.ones((1, 2, 1)), np.array([[[3.0], [5.0]]]), np.ones((1, 2))
    >>> o, S, cache = loop(k, k, v, b)
    >>> loop_backward(cache, dS=np.ones_like(S)).v[0, :, 0].tolist()  # the first is gone
    [0.0, 1.0]
    """
    inputs, S = cache
    do, dS = _check_gradients(inputs, do, dS)
    dq, dk, dv, db, dlog_a = (np.empty_like(x) for x in inputs[:5])
    for t in reversed(range(len(S) - 1)):
        now = slice(t, t + 1)
        q_t, k_t, v_t, b_t, a_t = _at(inputs, t)
        decayed = a_t * S[t]
        error = v_t - k_t @ decayed if inputs.erase else v_t
        dq[:, now] = do[:, now] @ S[t + 1].mT
        dS = dS + q_t.mT * do[:, now]
        dwritten = k_t @ dS
        dk[:, now] = (b_t * error) @ dS.mT
        db[:, now] = (dwritten * error).sum(axis=-1, keepdims=True)
        derror = dv[:, now] = b_t * dwritten
        if inputs.erase:
            dk[:, now] -= derror @ decayed.mT
            dS = dS - k_t.mT * derror
        dlog_a[:, now, 0] = (dS * decayed).sum(axis=(1, 2))[:, None]
        dS = a_t * dS
    return _outer(inputs, dq, dk, dv, db, dlog_a, dS)


def _at(inputs, t):
    """q, k, v of one step as rows (N, 1, K), and b and a as (N, 1, 1)."""
    q_t, k_t, v_t, b_t, log_a_t = (x[:, t : t + 1] for x in inputs[:5])
    return q_t, k_t, v_t, b_t, np.exp(log_a_t)


# In chunks.


def chunks(
    q: np.ndarray,
    k: np.ndarray,
    v: np.ndarray,
    b: np.ndarray,
    log_a: np.ndarray | None = None,
    S_0: np.ndarray | None = None,
    *,
    mask: np.ndarray | None = None,
    erase: bool = True,
    size: int = 32,
) -> tuple[np.ndarray, np.ndarray, ChunksCache]:
    """The same as `loop` up to rounding, `size` steps in a few products: T / size steps remain.

    Nothing is divided by a decay, so the sums of log a may be far below zero.

    >>> rng = np.random.default_rng(0)
    >>> q, k, v = rng.standard_normal((3, 2, 50, 4))
    >>> k, b = k / np.linalg.norm(k, axis=-1, keepdims=True), rng.uniform(0, 2, (2, 50))
    >>> bool(np.allclose(chunks(q, k, v, b, size=8)[0], loop(q, k, v, b)[0], atol=1e-12))
    True
    """
    check_sizes(size=size)
    inputs = _inputs(q, k, v, b, log_a, S_0, mask, erase)
    size = min(size, q.shape[1])
    q, k, v, b, log_a = (_in_chunks(x, size) for x in inputs[:5])
    G = log_a.cumsum(axis=2)
    g, g_end, to_end, Gamma = _decays(G)
    e = b if erase else np.zeros_like(b)
    A = np.tril(e * (Gamma * (k @ k.mT)), -1)  # eq-delta-a
    X = _inverse(A)
    U_0, W = X @ (b * v), X @ (e * g * k)  # what U is for S = 0, and what S subtracts from it
    S = _memories(inputs.S_0, g_end, to_end * k, U_0, W)
    U = U_0 - W @ S[:, :-1]  # eq-delta-u
    o = g * q @ S[:, :-1] + (Gamma * (q @ k.mT)) @ U  # eq-delta-o
    o = o.reshape(len(o), -1, o.shape[-1])[:, : inputs.v.shape[1]]
    return o.copy(), S[:, -1].copy(), ChunksCache(inputs, G, X, U, S[:, :-1])


def chunks_backward(
    cache: ChunksCache, do: np.ndarray | None = None, dS: np.ndarray | None = None
) -> Gradients:
    """Gradients from `do` (N, T, V) at the outputs and `dS` (N, K, V) at the last memory.

    None stands for zeros. As in `chunks` only the memory goes from chunk to chunk, backwards.

    >>> rng = np.random.default_rng(0)
    >>> q, k, v = rng.standard_normal((3, 2, 50, 4))
    >>> o, S, cache = chunks(q, k / 3, v, np.ones((2, 50)))
    >>> expected = loop_backward(loop(q, k / 3, v, np.ones((2, 50)))[2], np.ones_like(o))
    >>> bool(np.allclose(chunks_backward(cache, np.ones_like(o)).k, expected.k, atol=1e-12))
    True
    """
    inputs, G, X, U, S = cache
    do, dS = _check_gradients(inputs, do, dS)
    size = G.shape[2]
    q, k, v, b, _, do = (_in_chunks(x, size) for x in (*inputs[:5], do))
    g, g_end, to_end, Gamma = _decays(G)
    e = b if inputs.erase else np.zeros_like(b)
    q_k, k_k = Gamma * (q @ k.mT), np.tril(Gamma * (k @ k.mT), -1)
    W = X @ (e * g * k)
    dS = _memory_gradients(dS, g_end, to_end * k, W, q_k.mT @ do, (g * q).mT @ do)
    dU = q_k.mT @ do + to_end * k @ dS[:, 1:]  # eq-delta-du
    # R = b V - e g K S is the right side of the system for U.
    dR = X.mT @ dU  # eq-delta-dr
    dA = -np.tril(dR @ U.mT, -1)  # eq-delta-da
    dq_k = np.tril(do @ U.mT)

    dv = b * dR
    dg_k, dg_q, dk_end = -e * (dR @ S.mT), do @ S.mT, U @ dS[:, 1:].mT
    db = (dR * v).sum(axis=-1, keepdims=True)
    if inputs.erase:
        db += (dA * k_k).sum(axis=-1, keepdims=True) - (dR * (g * k @ S)).sum(-1, keepdims=True)
    dq = (dq_k * Gamma) @ k + g * dg_q
    dk_k = e * dA * Gamma
    dk = (dk_k + dk_k.mT) @ k + (dq_k * Gamma).mT @ q + g * dg_k + to_end * dk_end

    dGamma = dq_k * q_k + dA * (e * k_k)  # times Gamma
    dto_end = to_end * (dk_end * k).sum(axis=-1, keepdims=True)
    dG = dGamma.sum(axis=-1, keepdims=True) - dGamma.sum(axis=-2)[..., None]
    dG += g * (dg_q * q + dg_k * k).sum(axis=-1, keepdims=True) - dto_end
    dG[:, :, -1:] += dto_end.sum(axis=2, keepdims=True)
    dG[:, :, -1:] += (g_end * dS[:, 1:] * S).sum(axis=(-1, -2))[..., None, None]
    dlog_a = dG[:, :, ::-1].cumsum(axis=2)[:, :, ::-1]
    return _outer(inputs, dq, dk, dv, db, dlog_a, dS[:, 0])


def _decays(G):
    """From the start of a chunk to each step, over a chunk, from a step to the end, in between."""
    g, g_end = np.exp(G), np.exp(G[:, :, -1:])
    to_end = np.exp(G[:, :, -1:] - G)
    later = np.triu(np.ones((G.shape[2],) * 2, bool), 1)
    Gamma = np.exp(np.where(later, -np.inf, G - G.mT))  # above the diagonal exp could overflow
    return g, g_end, to_end, Gamma


def _inverse(A):
    """The inverse of I + A for strictly lower triangular A, row by row.

    Its product form (I - A)(I + A^2)(I + A^4)... takes fewer steps, but its terms grow and cancel.
    """
    X = np.zeros_like(A)
    for i in range(A.shape[-1]):
        X[..., i, i] = 1
        X[..., i : i + 1, :i] = -A[..., i : i + 1, :i] @ X[..., :i, :i]
    return X


def _memories(S, g_end, k_end, U_0, W):
    """The memory before each chunk and after the last one."""
    found = np.empty((len(S), U_0.shape[1] + 1, *S.shape[1:]), S.dtype)
    found[:, 0] = S
    for m in range(U_0.shape[1]):
        U = U_0[:, m] - W[:, m] @ found[:, m]
        found[:, m + 1] = g_end[:, m] * found[:, m] + k_end[:, m].mT @ U  # eq-delta-s
    return found


def _memory_gradients(dS, g_end, k_end, W, dU, direct):
    """The gradients of all memories; `dU` and `direct` are what the outputs of a chunk give."""
    found = np.empty((len(dS), W.shape[1] + 1, *dS.shape[1:]), dS.dtype)
    found[:, -1] = dS
    for m in reversed(range(W.shape[1])):
        whole = dU[:, m] + k_end[:, m] @ found[:, m + 1]
        from_next = g_end[:, m] * found[:, m + 1] - W[:, m].mT @ whole
        found[:, m] = direct[:, m] + from_next  # eq-delta-ds
    return found


def _in_chunks(x, C):
    """(N, T, ...) as (N, M, C, ...), the last chunk filled up with zeros, which write nothing."""
    N, T, *rest = x.shape
    M = -(-T // C)
    if M * C > T:
        x = np.concatenate([x, np.zeros((N, M * C - T, *rest), x.dtype)], axis=1)
    return x.reshape(N, M, C, *rest)


# Checks and small helpers.


def _inputs(q, k, v, b, log_a, S_0, mask, erase):
    """What came in, checked and copied, zero where masked."""
    named = {"q": q, "k": k, "v": v, "b": b, "log_a": log_a, "S_0": S_0}
    check_dtypes(**{name: x for name, x in named.items() if x is not None})
    if q.ndim != 3 or 0 in q.shape:
        raise ValueError(f"q has shape {q.shape}; expected (N, T, K), none of them zero")
    N, T, K = q.shape
    V = v.shape[-1] if v.ndim else 0
    log_a = np.zeros((N, T), q.dtype) if log_a is None else log_a
    S_0 = np.zeros((N, K, V), q.dtype) if S_0 is None else S_0
    check_shape("k", k, "(N, T, K)", (N, T, K))
    check_shape("v", v, "(N, T, V)", (N, T, V))
    check_shape("b", b, "(N, T)", (N, T))
    check_shape("log_a", log_a, "(N, T)", (N, T))
    check_shape("S_0", S_0, "(N, K, V)", (N, K, V))
    check_mask(mask, q)
    moving = (q, k, v, b[..., None], log_a[..., None])
    counted = np.ones((N, T), bool) if mask is None else mask
    q, k, v, b, log_a = (np.where(counted[..., None], x, 0) for x in moving)
    return Inputs(q, k, v, b, log_a, S_0.copy(), None if mask is None else mask.copy(), erase)


def _check_gradients(inputs, do, dS):
    do = np.zeros_like(inputs.v) if do is None else do
    dS = np.zeros_like(inputs.S_0) if dS is None else dS
    check_dtypes(cache=inputs.v, do=do, dS=dS)
    check_shape("do", do, "(N, T, V)", inputs.v.shape)
    check_shape("dS", dS, "(N, K, V)", inputs.S_0.shape)
    return do if inputs.mask is None else np.where(inputs.mask[..., None], do, 0), dS


def _outer(inputs, dq, dk, dv, db, dlog_a, dS_0):
    """The gradients in the shapes of what came in, zero where masked."""
    T = inputs.q.shape[1]
    found = [x.reshape(len(x), -1, x.shape[-1])[:, :T] for x in (dq, dk, dv, db, dlog_a)]
    if inputs.mask is not None:
        found = [np.where(inputs.mask[..., None], x, 0) for x in found]
    dq, dk, dv, db, dlog_a = found
    return Gradients(dq, dk, dv, db[..., 0], dlog_a[..., 0], dS_0)
