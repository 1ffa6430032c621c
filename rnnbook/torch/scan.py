"""Linear recurrences in PyTorch. Symbols and the idea: `rnnbook.numpy.scan`."""

import torch

from rnnbook._check import check_shape
from rnnbook.numpy.scan import chunk_length


def loop(a, b, h_0=None):
    """All states (N, T, ...), one step after the other: the definition, under autograd.

    >>> loop(torch.full((1, 3, 1), 0.5), torch.ones(1, 3, 1))[0, :, 0].tolist()
    [1.0, 1.5, 1.75]
    """
    h = check_scan(a, b, h_0)
    hs = []
    for a_t, b_t in zip(a.unbind(1), b.unbind(1), strict=True):
        h = a_t * h + b_t  # eq-scan-step
        hs.append(h)
    return torch.stack(hs, dim=1)


def scan(a, b, h_0=None, *, chunk=None):
    """The same states in 2 L + T / L steps; its gradient is the same scan, backwards.

    >>> scan(torch.full((1, 3, 1), 0.5), torch.ones(1, 3, 1), chunk=2)[0, :, 0].tolist()
    [1.0, 1.5, 1.75]
    """
    return _Scan.apply(a, b, check_scan(a, b, h_0), chunk)


def _chunked(a, b, h, chunk, reverse=False):
    T = a.shape[1]
    L = chunk_length(T, chunk)
    a, b = _in_chunks(a, L, 1), _in_chunks(b, L, 0)  # (N, K, L, ...)
    steps, chunks = range(L), range(a.shape[1])
    if reverse:
        steps, chunks = steps[::-1], chunks[::-1]
    A, B = torch.ones_like(b[:, :, 0]), torch.zeros_like(b[:, :, 0])
    for t in steps:  # all chunks at once, from zero: h -> A h + B
        B = torch.addcmul(b[:, :, t], a[:, :, t], B)  # eq-scan-b
        A = a[:, :, t] * A  # eq-scan-a
    H = torch.empty_like(B)
    for k in chunks:  # what comes into each chunk
        H[:, k] = h
        h = A[:, k] * h + B[:, k]  # eq-scan-join
    hs = torch.empty_like(b)
    for t in steps:  # all chunks at once, from there
        H = torch.addcmul(b[:, :, t], a[:, :, t], H)
        hs[:, :, t] = H
    return hs.flatten(1, 2)[:, :T]


def _in_chunks(x, L, fill):
    """(N, T, ...) as (N, K, L, ...); the last chunk is filled up."""
    N, T, *rest = x.shape
    K = -(-T // L)
    if K * L > T:
        x = torch.cat([x, x.new_full((N, K * L - T, *rest), fill)], dim=1)
    return x.unflatten(1, (K, L))


class _Scan(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, b, h_0, chunk):
        hs = _chunked(a, b, h_0, chunk)
        ctx.save_for_backward(a, hs, h_0)
        ctx.chunk = chunk
        return hs

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, dhs):
        a, hs, h_0 = ctx.saved_tensors
        later = torch.cat([a[:, 1:], torch.zeros_like(a[:, :1])], dim=1).conj()
        zero = torch.zeros_like(h_0)
        db = _chunked(later, dhs, zero, ctx.chunk, reverse=True)  # eq-scan-db
        before = torch.cat([h_0[:, None], hs[:, :-1]], dim=1)
        da = db * before.conj()  # eq-scan-da
        dh_0 = db[:, 0] * a[:, 0].conj()  # eq-scan-dh-0
        return da, db, dh_0, None


def check_scan(a, b, h_0):
    """Raise unless a and b are (N, T, ...) alike and h_0 is (N, ...); zeros for None."""
    if a.ndim < 2 or 0 in a.shape:
        raise ValueError(f"a has shape {tuple(a.shape)}; expected (N, T, ...), none of them zero")
    check_shape("b", b, "the shape of a", a.shape)
    h_0 = torch.zeros_like(b[:, 0]) if h_0 is None else h_0
    check_shape("h_0", h_0, "(N, ...)", (len(a), *a.shape[2:]))
    for name, value in {"b": b, "h_0": h_0}.items():
        if value.dtype != a.dtype:
            raise TypeError(f"{name} has dtype {value.dtype}; expected {a.dtype}, the dtype of a")
    return h_0
