"""Linear recurrences in TensorFlow. Symbols and the idea: `rnnbook.numpy.scan`.

All sizes but N must be known when a function is traced: the loops are Python's.
"""

import tensorflow as tf

from rnnbook._check import check_shape
from rnnbook.numpy.scan import chunk_length


def loop(a: tf.Tensor, b: tf.Tensor, h_0: tf.Tensor | None = None) -> tf.Tensor:
    """All states (N, T, ...), one step after the other: the definition, under autodiff.

    >>> loop(tf.fill((1, 3, 1), 0.5), tf.ones((1, 3, 1)))[0, :, 0].numpy().tolist()
    [1.0, 1.5, 1.75]
    """
    a, b, h = check_scan(a, b, h_0)
    hs = []
    for a_t, b_t in zip(tf.unstack(a, axis=1), tf.unstack(b, axis=1), strict=True):
        h = a_t * h + b_t  # eq-scan-step
        hs.append(h)
    return tf.stack(hs, axis=1)


def scan(
    a: tf.Tensor,
    b: tf.Tensor,
    h_0: tf.Tensor | None = None,
    *,
    mask: tf.Tensor | None = None,
    chunk: int | None = None,
) -> tf.Tensor:
    """The same states in 2 L + T / L steps; its gradient is the same scan, backwards.

    A step that `mask` (N, T) does not count keeps the state, whatever its a and b are.
    The gradient calls the scan in its turn, so it can be differentiated again.

    >>> scan(tf.fill((1, 3, 1), 0.5), tf.ones((1, 3, 1)), chunk=2)[0, :, 0].numpy().tolist()
    [1.0, 1.5, 1.75]
    """
    a, b, h_0 = check_scan(a, b, h_0)
    if mask is not None:
        mask = tf.reshape(mask, (-1, a.shape[1], *[1] * (len(a.shape) - 2)))
        a, b = tf.where(mask, a, tf.ones_like(a)), tf.where(mask, b, tf.zeros_like(b))
    return _scan(a, b, h_0, chunk, reverse=False)


def _chunked(a, b, h, chunk, reverse):
    T = a.shape[1]
    L = chunk_length(T, chunk)
    a, b = _in_chunks(a, L, 1), _in_chunks(b, L, 0)  # L of (N, K, ...)
    steps, chunks = range(L), range(-(-T // L))
    if reverse:
        steps, chunks = steps[::-1], chunks[::-1]
    A, B = tf.ones_like(b[0]), tf.zeros_like(b[0])
    for t in steps:  # all chunks at once, from zero: h -> A h + B
        B = a[t] * B + b[t]  # eq-scan-b
        A = a[t] * A  # eq-scan-a
    H = [None] * len(chunks)
    for k in chunks:  # what comes into each chunk
        H[k] = h
        h = A[:, k] * h + B[:, k]  # eq-scan-join
    H, hs = tf.stack(H, axis=1), [None] * L
    for t in steps:  # all chunks at once, from there
        H = a[t] * H + b[t]
        hs[t] = H
    hs = tf.stack(hs, axis=2)
    return tf.reshape(hs, (-1, len(chunks) * L, *hs.shape[3:]))[:, :T]


def _in_chunks(x, L, fill):
    """(N, T, ...) as L tensors (N, K, ...); the last chunk is filled up."""
    T, rest = x.shape[1], tuple(x.shape[2:])
    K = -(-T // L)
    more = tf.zeros((tf.shape(x)[0], K * L - T, *rest), x.dtype) + tf.cast(fill, x.dtype)
    x = tf.reshape(tf.concat([x, more], axis=1), (-1, K, L, *rest))
    return tf.unstack(x, axis=2)


def _conj(x):
    return tf.math.conj(x) if x.dtype.is_complex else x


def _before(x, first, reverse):
    """What each step finds: the value of the step before it, `first` at the outset."""
    if reverse:
        return tf.concat([x[:, 1:], first[:, None]], axis=1)
    return tf.concat([first[:, None], x[:, :-1]], axis=1)


def _scan(a, b, h_0, chunk, reverse):
    @tf.custom_gradient
    def with_gradient(a, b, h_0):
        hs = _chunked(a, b, h_0, chunk, reverse)

        def backward(dhs):
            zero, first = tf.zeros_like(h_0), -1 if reverse else 0
            later = _conj(_before(a, zero, not reverse))
            db = _scan(later, dhs, zero, chunk, not reverse)  # eq-scan-db
            da = db * _conj(_before(hs, h_0, reverse))  # eq-scan-da
            dh_0 = db[:, first] * _conj(a[:, first])  # eq-scan-dh-0
            return da, db, dh_0

        return hs, backward

    return with_gradient(a, b, h_0)


def check_scan(
    a: tf.Tensor, b: tf.Tensor, h_0: tf.Tensor | None
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Raise unless a and b are (N, T, ...) alike and h_0 is (N, ...); zeros for None."""
    a, b = tf.convert_to_tensor(a), tf.convert_to_tensor(b)
    if len(a.shape) < 2 or 0 in a.shape:
        raise ValueError(f"a has shape {tuple(a.shape)}; expected (N, T, ...), none of them zero")
    if not b.shape.is_compatible_with(a.shape):
        check_shape("b", b, "the shape of a", a.shape)
    h_0 = tf.zeros_like(b[:, 0]) if h_0 is None else tf.convert_to_tensor(h_0)
    if not h_0.shape.is_compatible_with((a.shape[0], *a.shape[2:])):
        check_shape("h_0", h_0, "(N, ...)", (a.shape[0], *a.shape[2:]))
    for name, value in {"b": b, "h_0": h_0}.items():
        if value.dtype != a.dtype:
            raise TypeError(
                f"{name} has dtype {value.dtype.name}; expected {a.dtype.name}, the dtype of a"
            )
    return a, b, h_0
