"""Windows: pairs of a past and what came after it."""

from typing import NamedTuple

import numpy as np

from rnnbook._check import check_sizes
from rnnbook.forecasting.series import check_values
from rnnbook.forecasting.times import check_index


class Windows(NamedTuple):
    """N windows of a series with missing values; what is missing is NaN, and False in a mask."""

    X: np.ndarray  # (N, T) or (N, T, D): the past
    Y: np.ndarray  # (N, H): what came after it
    origins: np.ndarray  # (N,): the index of the first target
    X_mask: np.ndarray  # Boolean, shape of X
    Y_mask: np.ndarray  # Boolean, shape of Y
    known: np.ndarray | None  # (N, H, K): what was known ahead of the H steps


def windows(series, input_length: int, horizon: int, *, stride: int = 1, target=None, times=None):
    """Cut a series into inputs and targets: X (N, T), Y (N, H) and origins (N,).

    X[n] = series[o - T : o] and Y[n] = series[o : o + H] with o = origins[n] = T + n stride.
    No target is ever part of its own input. For a table (L, D), X is (N, T, D), and `target` is
    the number of the column to forecast. Every value must be there: see `masked_windows`.
    `times` (L,), or a pandas `DatetimeIndex` of the series, are checked: one out of order, twice
    or after a gap raises `ValueError` (`regular_grid` mends gaps). To count rows, pass an array.

    >>> X, Y, origins = windows([0, 1, 2, 3, 4], input_length=2, horizon=2)
    >>> X.tolist(), Y.tolist(), origins.tolist()
    ([[0.0, 1.0], [1.0, 2.0]], [[2.0, 3.0], [3.0, 4.0]], [2, 3])
    """
    return masked_windows(
        series, None, input_length, horizon, stride=stride, target=target, times=times
    )[:3]


def masked_windows(
    series,
    mask,
    input_length: int,
    horizon: int,
    *,
    stride: int = 1,
    target: int | None = None,
    known=None,
    complete: bool = False,
    times=None,
) -> Windows:
    """Windows of a series in which `mask` (L,) or (L, D) says what was measured.

    No value is filled in. A window none of whose targets was measured is dropped; with
    `complete` also one that lacks any input or target. `known` (L, K) holds what is known ahead
    at every step, such as the hour. `times` are as in `windows`.

    >>> cut = masked_windows([0, 1, 2, 9, 4], [True, True, True, False, True], 2, 1)
    >>> cut.X.tolist(), cut.Y.tolist(), cut.origins.tolist()
    ([[0.0, 1.0], [2.0, nan]], [[2.0], [4.0]], [2, 4])
    """
    values, present = check_values(series, mask)
    check_index(series, times, len(values))
    y, known = target_column(values, target), check_known(known, len(values))
    check_sizes(input_length=input_length, horizon=horizon, stride=stride)
    if len(values) < input_length + horizon:
        raise ValueError(
            f"series has {len(values)} values; expected at least input_length + horizon = "
            f"{input_length + horizon} for one window"
        )
    origins = np.arange(input_length, len(values) - horizon + 1, stride)
    there = after(np.isfinite(y), origins, horizon)
    if complete:
        inputs = before(present, origins, input_length).reshape(len(origins), -1)
        kept = there.all(axis=1) & inputs.all(axis=1)
    else:
        kept = there.any(axis=1)
    if not kept.any():
        raise ValueError(
            f"mask leaves none of {len(origins)} windows; expected one with a measured target"
        )
    origins = origins[kept]
    return Windows(
        before(values, origins, input_length),
        after(y, origins, horizon),
        origins,
        before(present, origins, input_length),
        there[kept],
        None if known is None else after(known, origins, horizon),
    )


def target_column(values, target):
    """The series to forecast (L,): `values` itself, or one column of it."""
    if values.ndim == 1:
        if target is not None:
            raise ValueError(f"target is {target}; expected None for a series of one variable")
        return values
    if target is None:
        raise ValueError(
            f"series has shape {values.shape}; expected (L,), or (L, D) with target, "
            "the column to forecast"
        )
    if not 0 <= target < values.shape[1]:
        raise ValueError(f"target is {target}; expected a column from 0 to {values.shape[1] - 1}")
    return values[:, target]


def check_known(known, length):
    """What is known ahead, as (L, K) floats; nothing may be missing in it."""
    if known is None:
        return None
    known = np.asarray(known, dtype=float)
    if known.ndim != 2 or len(known) != length:
        raise ValueError(f"known has shape {known.shape}; expected (L, K) with L = {length}")
    if not np.isfinite(known).all():
        raise ValueError("known has NaN or infinity; expected values that are known ahead")
    return known


def before(values, origins, length):
    """The `length` rows before each origin."""
    return values[origins[:, None] + np.arange(-length, 0)]


def after(values, origins, length):
    """The `length` rows from each origin on."""
    return values[origins[:, None] + np.arange(length)]
