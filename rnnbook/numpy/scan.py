"""Linear recurrences: h_t = a_t * h_(t-1) + b_t, elementwise, step by step or in chunks.

Two steps in a row are again one step of the same form. So the sequence can be cut into K chunks
of L steps. All chunks are run side by side from zero, which tells what each does to a state that
comes in; then the ends are joined, and all chunks are run again from the right start. That takes
2 L + K steps instead of T = K L (Martin and Cundy 2018 give the gradient and references back to
Blelloch 1990).

========= ============= ===========================================================
symbol    shape         meaning
========= ============= ===========================================================
a, b      (N, T, ...)   coefficients and inputs, real or complex
h_0       (N, ...)      state to start from; zeros if None
hs        (N, T, ...)   all states
========= ============= ===========================================================
"""

import math

import numpy as np

from rnnbook._check import check_dtypes, check_shape, check_sizes


def loop(a: np.ndarray, b: np.ndarray, h_0: np.ndarray | None = None) -> np.ndarray:
    """All states (N, T, ...), one step after the other: the definition.

    >>> loop(np.full((1, 3, 1), 0.5), np.ones((1, 3, 1)))[0, :, 0].tolist()
    [1.0, 1.5, 1.75]
    """
    a, b, h = check_scan(a, b, h_0)
    hs = np.empty_like(b)
    for t in range(a.shape[1]):
        h = a[:, t] * h + b[:, t]  # eq-scan-step
        hs[:, t] = h
    return hs


def scan(
    a: np.ndarray,
    b: np.ndarray,
    h_0: np.ndarray | None = None,
    *,
    mask: np.ndarray | None = None,
    chunk: int | None = None,
    reverse: bool = False,
) -> np.ndarray:
    """The same states in 2 L + T / L steps, for chunks of L steps (about sqrt(T) if None).

    Agrees with `loop` up to rounding. Nothing is divided, so nothing overflows that does not
    overflow in the loop. A step that `mask` (N, T) does not count keeps the state, whatever its
    a and b are. With `reverse` it runs from the last step to the first. Raises `ValueError` for
    shapes and `TypeError` for dtypes that differ.

    >>> scan(np.full((1, 3, 1), 0.5), np.ones((1, 3, 1)), chunk=2)[0, :, 0].tolist()
    [1.0, 1.5, 1.75]
    """
    a, b, h = check_scan(a, b, h_0)
    if mask is not None:
        a, b = np.where(as_wide_as(mask, a), a, 1), np.where(as_wide_as(mask, b), b, 0)
    T = a.shape[1]
    L = chunk_length(T, chunk)
    a, b = _in_chunks(a, L, 1), _in_chunks(b, L, 0)  # (N, K, L, ...)
    steps, chunks = range(L), range(a.shape[1])
    if reverse:
        steps, chunks = steps[::-1], chunks[::-1]
    A, B = np.ones_like(b[:, :, 0]), np.zeros_like(b[:, :, 0])
    for t in steps:  # all chunks at once, from zero: h -> A h + B
        B = a[:, :, t] * B + b[:, :, t]  # eq-scan-b
        A = a[:, :, t] * A  # eq-scan-a
    H = np.empty_like(B)
    for k in chunks:  # what comes into each chunk
        H[:, k] = h
        h = A[:, k] * h + B[:, k]  # eq-scan-join
    hs = np.empty_like(b)
    for t in steps:  # all chunks at once, from there
        H = a[:, :, t] * H + b[:, :, t]
        hs[:, :, t] = H
    return hs.reshape(len(hs), -1, *hs.shape[3:])[:, :T]


def scan_backward(
    a: np.ndarray,
    hs: np.ndarray,
    h_0: np.ndarray | None,
    dhs: np.ndarray,
    *,
    mask: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients (da, db, dh_0) from `dhs` (N, T, ...) at the states: the same scan, backwards.

    Masked steps have da = db = 0. For complex values a gradient is dL/d(real part) + i
    dL/d(imaginary part), as in PyTorch.

    >>> a, b = np.full((1, 2, 1), 0.5), np.ones((1, 2, 1))
    >>> da, db, dh_0 = scan_backward(a, scan(a, b), None, np.ones((1, 2, 1)))
    >>> db[0, :, 0].tolist(), dh_0.tolist()
    ([1.5, 1.0], [[0.75]])
    """
    a, dhs, h = check_scan(a, dhs, h_0)
    check_shape("hs", hs, "(N, T, ...)", a.shape)
    if mask is not None:
        a = np.where(as_wide_as(mask, a), a, 1)
    later = np.concatenate([a[:, 1:], np.zeros_like(a[:, :1])], axis=1).conj()
    db = scan(later, dhs, reverse=True)  # eq-scan-db
    before = np.concatenate([h[:, None], hs[:, :-1]], axis=1)
    da = db * before.conj()  # eq-scan-da
    dh_0 = db[:, 0] * a[:, 0].conj()  # eq-scan-dh-0
    if mask is not None:
        da, db = np.where(as_wide_as(mask, da), da, 0), np.where(as_wide_as(mask, db), db, 0)
    return da, db, dh_0


def chunk_length(T: int, chunk: int | None) -> int:
    """The length of a chunk: as given, or the square root of T, rounded up.

    >>> chunk_length(4096, None)
    64
    """
    if chunk is not None:
        check_sizes(chunk=chunk)
        return min(chunk, T)
    return math.isqrt(T - 1) + 1


def as_wide_as(mask: np.ndarray, v: np.ndarray) -> np.ndarray:
    """The mask (N, T) with as many axes as v (N, T, ...).

    >>> as_wide_as(np.ones((2, 5), bool), np.ones((2, 5, 3, 4))).shape
    (2, 5, 1, 1)
    """
    return mask.reshape(*mask.shape, *[1] * (v.ndim - 2))


def check_scan(
    a: np.ndarray, b: np.ndarray, h_0: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Raise unless a and b are (N, T, ...) alike and h_0 is (N, ...); zeros for None."""
    check_dtypes(a=a, b=b)
    if a.ndim < 2 or 0 in a.shape:
        raise ValueError(f"a has shape {a.shape}; expected (N, T, ...), none of them zero")
    check_shape("b", b, "the shape of a", a.shape)
    if h_0 is None:
        return a, b, np.zeros_like(b[:, 0])
    check_dtypes(a=a, h_0=h_0)
    check_shape("h_0", h_0, "(N, ...)", (len(a), *a.shape[2:]))
    return a, b, h_0


def _in_chunks(x, L, fill):
    """(N, T, ...) as (N, K, L, ...); the last chunk is filled up."""
    N, T, *rest = x.shape
    K = -(-T // L)
    if K * L > T:
        x = np.concatenate([x, np.full((N, K * L - T, *rest), fill, x.dtype)], axis=1)
    return x.reshape(N, K, L, *rest)
