"""A memory that is a matrix, in TensorFlow. Symbols and sources: `rnnbook.numpy.delta_rule`.

All sizes but N must be known when a function is traced: the loops are Python's. Gradients come
from autodiff.
"""

import tensorflow as tf

from rnnbook._check import check_sizes
from rnnbook.tensorflow._check import check_fits, check_mask
from rnnbook.tensorflow._masks import select

# Step by step.


def loop(
    q: tf.Tensor,
    k: tf.Tensor,
    v: tf.Tensor,
    b: tf.Tensor,
    log_a: tf.Tensor | None = None,
    S_0: tf.Tensor | None = None,
    *,
    mask: tf.Tensor | None = None,
    erase: bool = True,
) -> tuple[tf.Tensor, tf.Tensor]:
    """The outputs o (N, T, V) and the last memory (N, K, V), one step after the other.

    >>> k, v, b = tf.ones((1, 2, 1)), tf.constant([[[3.0], [5.0]]]), tf.ones((1, 2))
    >>> [loop(k, k, v, b, erase=e)[0].numpy()[0, :, 0].tolist() for e in (True, False)]
    [[3.0, 5.0], [3.0, 8.0]]
    """
    *moving, S = _inputs(q, k, v, b, log_a, S_0, mask)
    o = []
    for q_t, k_t, v_t, b_t, a_t in _steps(moving):
        decayed = a_t * S  # eq-delta-decay
        error = v_t - k_t @ decayed if erase else v_t  # eq-delta-error
        S = decayed + _T(k_t) * (b_t * error)  # eq-delta-write
        o_t = q_t @ S  # eq-delta-read
        o.append(o_t)
    return tf.concat(o, axis=1), S


def _steps(moving):
    """q, k, v of each step as rows (N, 1, K), and b and a as (N, 1, 1)."""
    moving = *moving[:4], tf.exp(moving[4])
    return zip(*(tf.unstack(x[:, :, None], axis=1) for x in moving), strict=True)


# In chunks.


def chunks(
    q: tf.Tensor,
    k: tf.Tensor,
    v: tf.Tensor,
    b: tf.Tensor,
    log_a: tf.Tensor | None = None,
    S_0: tf.Tensor | None = None,
    *,
    mask: tf.Tensor | None = None,
    erase: bool = True,
    size: int = 32,
) -> tuple[tf.Tensor, tf.Tensor]:
    """The same as `loop` up to rounding, `size` steps in a few products: T / size steps remain.

    >>> q, v = tf.random.normal((2, 2, 50, 4), dtype=tf.float64)
    >>> k, b = tf.math.l2_normalize(q, -1), 2 * tf.random.uniform((2, 50), dtype=tf.float64)
    >>> error = chunks(q, k, v, b, size=8)[0] - loop(q, k, v, b)[0]
    >>> bool(tf.reduce_max(abs(error)) < 1e-12)
    True
    """
    check_sizes(size=size)
    *moving, S_0 = _inputs(q, k, v, b, log_a, S_0, mask)
    T, V = moving[2].shape[1:]
    q, k, v, b, log_a = (_in_chunks(x, min(size, T)) for x in moving)
    G = tf.cumsum(log_a, axis=2)
    g, g_end, to_end, Gamma = _decays(G)
    e = b if erase else tf.zeros_like(b)
    A = _below(e * (Gamma * (k @ _T(k))))  # eq-delta-a
    X = _inverse(A)
    U_0, W = X @ (b * v), X @ (e * g * k)  # what U is for S = 0, and what S subtracts from it
    S = _memories(S_0, g_end, to_end * k, U_0, W)
    U = U_0 - W @ S[:, :-1]  # eq-delta-u
    o = g * q @ S[:, :-1] + (Gamma * (q @ _T(k))) @ U  # eq-delta-o
    return tf.reshape(o, (-1, o.shape[1] * o.shape[2], V))[:, :T], S[:, -1]


def _decays(G):
    """From the start of a chunk to each step, over a chunk, from a step to the end, in between."""
    g, g_end = tf.exp(G), tf.exp(G[:, :, -1:])
    to_end = tf.exp(G[:, :, -1:] - G)
    steps = tf.range(G.shape[2])
    later = steps[:, None] < steps
    infinite = tf.constant(float("-inf"), G.dtype)
    Gamma = tf.exp(tf.where(later, infinite, G - _T(G)))  # or what is above could overflow
    return g, g_end, to_end, Gamma


def _inverse(A):
    """The inverse of I + A for strictly lower triangular A, by substitution."""
    eye = tf.eye(A.shape[-1], dtype=A.dtype) + tf.zeros_like(A)
    return tf.linalg.triangular_solve(eye + A, eye)


def _memories(S, g_end, k_end, U_0, W):
    """The memory before each chunk and after the last one."""
    found = [S]
    pieces = (tf.unstack(x, axis=1) for x in (g_end, k_end, U_0, W))
    for g_m, k_m, U_m, W_m in zip(*pieces, strict=True):
        U = U_m - W_m @ S
        S = g_m * S + _T(k_m) @ U  # eq-delta-s
        found.append(S)
    return tf.stack(found, axis=1)


def _in_chunks(x, C):
    """(N, T, ...) as (N, M, C, ...), the last chunk filled up with zeros, which write nothing."""
    T, last = x.shape[1:]
    M = -(-T // C)
    if M * C > T:
        x = tf.concat([x, tf.zeros((tf.shape(x)[0], M * C - T, last), x.dtype)], axis=1)
    return tf.reshape(x, (-1, M, C, last))


# Checks and small helpers.


def _T(x):
    """The transposes of the last two axes."""
    return tf.linalg.matrix_transpose(x)


def _below(x):
    """What is below the diagonal."""
    return tf.linalg.band_part(x, -1, 0) - tf.linalg.band_part(x, 0, 0)


def _inputs(q, k, v, b, log_a, S_0, mask):
    """What came in, checked, zero where masked, with axes added so that all of it broadcasts."""
    q, k, v, b = (tf.convert_to_tensor(x) for x in (q, k, v, b))
    if len(q.shape) != 3 or 0 in tuple(q.shape):
        raise ValueError(f"q has shape {tuple(q.shape)}; expected (N, T, K), none of them zero")
    N, T, K = q.shape
    V = v.shape[-1] if len(v.shape) else 0
    log_a = tf.zeros_like(b) if log_a is None else tf.convert_to_tensor(log_a)
    if S_0 is None:
        S_0 = tf.zeros((tf.shape(q)[0], K, V), q.dtype)
    S_0 = tf.convert_to_tensor(S_0)
    for name, x in {"k": k, "v": v, "b": b, "log_a": log_a, "S_0": S_0}.items():
        if x.dtype != q.dtype:
            raise TypeError(
                f"{name} has dtype {x.dtype.name}; expected {q.dtype.name}, the dtype of q"
            )
    check_fits("k", k, "(N, T, K)", (N, T, K))
    check_fits("v", v, "(N, T, V)", (N, T, V))
    check_fits("b", b, "(N, T)", (N, T))
    check_fits("log_a", log_a, "(N, T)", (N, T))
    check_fits("S_0", S_0, "(N, K, V)", (N, K, V))
    check_mask(mask, (N, T))
    moving = (q, k, v, b[..., None], log_a[..., None])
    return *(select(mask, x, 0) for x in moving), S_0
