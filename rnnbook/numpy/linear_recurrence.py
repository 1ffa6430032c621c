"""What the layers around a linear recurrence share: minGRU, minLSTM, LRU and diagonal SSM."""

import numpy as np
from numpy.typing import DTypeLike

from rnnbook._check import check_dtypes, check_finite, check_sequence, check_shape
from rnnbook.numpy.masks import check_mask, select
from rnnbook.numpy.scan import as_wide_as


def check_inputs(
    x: np.ndarray,
    input_size: int,
    state: np.ndarray | None,
    symbols: tuple[str, ...],
    sizes: tuple[int, ...],
    mask: np.ndarray | None,
    dtype: DTypeLike | None = None,
) -> np.ndarray:
    """Check what comes into a layer around a scan; returns the first state, zeros for None.

    x is (N, T, D) and finite where `mask` (N, T) counts. The state is (N, ...), of the `sizes`
    and the `dtype` given (that of x if None).

    >>> check_inputs(np.ones((2, 5, 3)), 3, None, ("H",), (4,), None).shape
    (2, 4)
    """
    check_sequence(x, input_size)
    check_mask(mask, x)
    check_finite(x, mask)
    if state is None:
        return np.zeros((len(x), *sizes), dtype or x.dtype)
    check_shape("state", state, f"(N, {', '.join(symbols)})", (len(x), *sizes))
    if state.dtype != (dtype or x.dtype):
        raise TypeError(f"state has dtype {state.dtype}; expected {np.dtype(dtype or x.dtype)}")
    return state


def for_cache(
    x: np.ndarray, h_0: np.ndarray, mask: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Copies that `backward` reads, whatever a caller does to the originals; x is 0 where masked.

    >>> x, h_0, mask = np.ones((1, 2, 1)), np.ones((1, 1)), np.array([[True, False]])
    >>> for_cache(x, h_0, mask)[0][0, :, 0].tolist()
    [1.0, 0.0]
    """
    if mask is None:
        return x.copy(), h_0.copy(), None
    return select(mask, x, 0), h_0.copy(), mask.copy()


def output_gradients(
    hs: np.ndarray, dhs: np.ndarray | None, dstate: np.ndarray | None, mask: np.ndarray | None
) -> np.ndarray:
    """The gradient at each state (N, T, ...) of a layer whose outputs are its states `hs`.

    `dhs` is the gradient at the outputs, which are zero where masked, and `dstate` that at the
    last state; None stands for zeros.

    >>> output_gradients(np.ones((1, 3, 1)), None, np.ones((1, 1)), None)[0, :, 0].tolist()
    [0.0, 0.0, 1.0]
    """
    if dhs is None:
        total = np.zeros_like(hs)
    else:
        check_dtypes(cache=hs, dhs=dhs)
        check_shape("dhs", dhs, "(N, T, ...)", hs.shape)
        total = dhs.copy() if mask is None else np.where(as_wide_as(mask, dhs), dhs, 0)
    if dstate is not None:
        check_dtypes(cache=hs, dstate=dstate)
        check_shape("dstate", dstate, "(N, ...)", (len(hs), *hs.shape[2:]))
        total[:, -1] += dstate
    return total
