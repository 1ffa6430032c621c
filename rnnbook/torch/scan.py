"""Linear recurrences in PyTorch. Symbols and the idea: `rnnbook.numpy.scan`."""

import torch
from torch import Tensor

from rnnbook._check import check_shape
from rnnbook.numpy.scan import chunk_length


def loop(a: Tensor, b: Tensor, h_0: Tensor | None = None) -> Tensor:
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


def scan(
    a: Tensor,
    b: Tensor,
    h_0: Tensor | None = None,
    *,
    mask: Tensor | None = None,
    chunk: int | None = None,
) -> Tensor:
    """The same states in 2 L + T / L steps; its gradient is the same scan, backwards.

    A step that `mask` (N, T) does not count keeps the state, whatever its a and b are.
    The gradient calls the scan in its turn, so it can be differentiated again, and `torch.func`
    (`vmap`, `jacrev`, `jacfwd`, `hessian`) goes through it.

    >>> scan(torch.full((1, 3, 1), 0.5), torch.ones(1, 3, 1), chunk=2)[0, :, 0].tolist()
    [1.0, 1.5, 1.75]
    """
    h_0 = check_scan(a, b, h_0)
    if mask is not None:
        mask = mask.reshape(*mask.shape, *[1] * (a.ndim - 2))
        a, b = torch.where(mask, a, 1), torch.where(mask, b, 0)
    return _scan(a, b, h_0, chunk, reverse=False)


def _chunked(a, b, h, chunk, reverse):
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
    return hs.reshape(hs.shape[0], -1, *hs.shape[3:])[:, :T]


def _in_chunks(x, L, fill):
    """(N, T, ...) as (N, K, L, ...); the last chunk is filled up."""
    N, T, *rest = x.shape
    K = -(-T // L)
    if K * L > T:
        x = torch.cat([x, x.new_full((N, K * L - T, *rest), fill)], dim=1)
    return x.reshape(N, K, L, *rest)


def _before(x, first, reverse):
    """What each step finds: the value of the step before it, `first` at the outset."""
    if reverse:
        return torch.cat([x[:, 1:], first[:, None]], dim=1)
    return torch.cat([first[:, None], x[:, :-1]], dim=1)


def _scan(a, b, h_0, chunk, reverse):
    function = _Scan if torch.compiler.is_compiling() else _ScanWithTangent
    return function.apply(a, b, h_0, chunk, reverse)


class _Scan(torch.autograd.Function):
    @staticmethod
    def forward(a, b, h_0, chunk, reverse):
        return _chunked(a, b, h_0, chunk, reverse)

    @staticmethod
    def setup_context(ctx, inputs, hs):
        a, _, h_0, ctx.chunk, ctx.reverse = inputs
        ctx.save_for_backward(a, hs, h_0)
        ctx.save_for_forward(a, hs, h_0)

    @staticmethod
    def backward(ctx, dhs):
        a, hs, h_0 = ctx.saved_tensors
        zero, first = torch.zeros_like(h_0), -1 if ctx.reverse else 0
        later = _before(a, zero, not ctx.reverse).conj()
        db = _scan(later, dhs, zero, ctx.chunk, not ctx.reverse)  # eq-scan-db
        da = db * _before(hs, h_0, ctx.reverse).conj()  # eq-scan-da
        dh_0 = db[:, first] * a[:, first].conj()  # eq-scan-dh-0
        return da, db, dh_0, None, None

    @staticmethod
    def vmap(info, in_dims, *inputs):
        """Each entry behind time has a scan of its own, so one more axis goes there."""
        chunk, reverse = inputs[3:]
        moved = []
        for x, dim, place in zip(inputs[:3], in_dims[:3], (2, 2, 1), strict=True):
            x = x.expand(info.batch_size, *x.shape) if dim is None else x.movedim(dim, 0)
            moved.append(x.movedim(0, place))
        a, b, h_0 = moved
        return _scan(a, b, h_0, chunk, reverse), 2


class _ScanWithTangent(_Scan):
    """For forward mode, as in `torch.func.jacfwd`; torch.compile refuses a class with a jvp."""

    @staticmethod
    def jvp(ctx, a_dot, b_dot, h_0_dot, *_):
        a, hs, h_0 = ctx.saved_tensors
        b_dot = b_dot + a_dot * _before(hs, h_0, ctx.reverse)
        return _scan(a, b_dot, h_0_dot, ctx.chunk, ctx.reverse)


def check_scan(a: Tensor, b: Tensor, h_0: Tensor | None) -> Tensor:
    """Raise unless a and b are (N, T, ...) alike and h_0 is (N, ...); zeros for None."""
    if a.ndim < 2 or 0 in a.shape:
        raise ValueError(f"a has shape {tuple(a.shape)}; expected (N, T, ...), none of them zero")
    check_shape("b", b, "the shape of a", a.shape)
    h_0 = torch.zeros_like(b[:, 0]) if h_0 is None else h_0
    check_shape("h_0", h_0, "(N, ...)", (a.shape[0], *a.shape[2:]))
    for name, value in {"b": b, "h_0": h_0}.items():
        if value.dtype != a.dtype:
            raise TypeError(f"{name} has dtype {value.dtype}; expected {a.dtype}, the dtype of a")
    return h_0
