"""Windows: pairs of a past and what came after it."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rnnbook._check import check_sizes
from rnnbook.forecasting._index import series_index
from rnnbook.forecasting._labels import check_aligned
from rnnbook.forecasting._target import Target, target_columns
from rnnbook.forecasting.series import check_values, floats


class Windows(NamedTuple):
    """N windows of a series with missing values; what is missing is NaN, and False in a mask."""

    X: np.ndarray  # (N, T) or (N, T, D): the past
    Y: np.ndarray  # (N, H), or (N, H, K) of K columns: what came after it
    origins: np.ndarray  # (N,): the index of the first target
    X_mask: np.ndarray  # Boolean, shape of X
    Y_mask: np.ndarray  # Boolean, shape of Y
    known: np.ndarray | None  # (N, H, K): what was known ahead of the H steps


def windows(
    series: ArrayLike,
    input_length: int,
    horizon: int,
    *,
    stride: int = 1,
    target: Target = None,
    times: Any = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut a series into inputs and targets: X (N, T), Y (N, H) and origins (N,).

    X[n] = series[o - T : o] and Y[n] = series[o : o + H] with o = origins[n] = T + n stride.
    No target is ever part of its own input. Every value must be there: see `masked_windows`.

    For a table (L, D), X is (N, T, D), and `target` is the column to forecast: its number, or its
    name in a pandas table. With several in a list, Y is (N, H, K).

    `times` (L,), or the dates or numbers in the index of a pandas series or table, are checked: one
    out of order, twice or after a gap raises `ValueError`. `regular_grid` mends gaps. With
    `times="rows"` every row is a step, such as a trading day, whatever day it is. An index of
    several levels holds several series: give one of them.

    >>> X, Y, origins = windows([0, 1, 2, 3, 4], input_length=2, horizon=2)
    >>> X.tolist(), Y.tolist(), origins.tolist()
    ([[0.0, 1.0], [1.0, 2.0]], [[2.0, 3.0], [3.0, 4.0]], [2, 3])
    """
    return masked_windows(
        series, None, input_length, horizon, stride=stride, target=target, times=times
    )[:3]


def masked_windows(
    series: ArrayLike,
    mask: ArrayLike | None,
    input_length: int,
    horizon: int,
    *,
    stride: int = 1,
    target: Target = None,
    known: ArrayLike | None = None,
    complete: bool = False,
    times: Any = None,
) -> Windows:
    """Windows of a series in which `mask` (L,) or (L, D) says what was measured.

    No value is filled in. A window none of whose targets was measured is dropped; with
    `complete` also one that lacks any input or target. `known` (L, K) holds what is known ahead
    at every step, such as the hour. `target` and `times` are as in `windows`. From pandas, `mask`
    and `known` have their rows in the order of `series`, or `ValueError` is raised.

    >>> cut = masked_windows([0, 1, 2, 9, 4], [True, True, True, False, True], 2, 1)
    >>> cut.X.tolist(), cut.Y.tolist(), cut.origins.tolist()
    ([[0.0, 1.0], [2.0, nan]], [[2.0], [4.0]], [2, 4])
    """
    values, present = check_values(series, mask)
    series_index(series, times, len(values))
    check_aligned("known", known, series)
    columns = target_columns(series, target, values.shape)
    ahead = check_known(known, len(values))
    return cut_windows(
        values, present, input_length, horizon, columns, ahead, stride=stride, complete=complete
    )


def cut_windows(
    values: np.ndarray,
    present: np.ndarray,
    input_length: int,
    horizon: int,
    columns: int | list[int] | None,
    known: np.ndarray | None,
    *,
    stride: int = 1,
    complete: bool = False,
) -> Windows:
    """`masked_windows` of what was checked already."""
    check_sizes(input_length=input_length, horizon=horizon, stride=stride)
    if len(values) < input_length + horizon:
        raise ValueError(
            f"series has {len(values)} values; expected at least input_length + horizon = "
            f"{input_length + horizon} for one window"
        )
    y = values if columns is None else values[:, columns]
    origins = np.arange(input_length, len(values) - horizon + 1, stride)
    there = after(np.isfinite(y), origins, horizon)
    by_window = there.reshape(len(origins), -1)
    if complete:
        inputs = before(present, origins, input_length).reshape(len(origins), -1)
        kept = by_window.all(axis=1) & inputs.all(axis=1)
    else:
        kept = by_window.any(axis=1)
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


def check_known(known: ArrayLike | None, length: int, horizon: int = 0) -> np.ndarray | None:
    """What is known ahead, as (L + H, K) floats; nothing may be missing in it."""
    if known is None:
        return None
    known = floats(known, "known")
    if known.ndim != 2 or len(known) != length + horizon:
        expected = f"(L, K) with L = {length}"
        if horizon:
            expected = (
                f"(L + H, K) with L + H = {length} + {horizon} = {length + horizon}: "
                "the rows of what is forecast, too"
            )
        raise ValueError(f"known has shape {known.shape}; expected {expected}")
    if not np.isfinite(known).all():
        raise ValueError("known has NaN or infinity; expected values that are known ahead")
    return known


def before(values: np.ndarray, origins: np.ndarray, length: int) -> np.ndarray:
    """The `length` rows before each origin."""
    return values[origins[:, None] + np.arange(-length, 0)]


def after(values: np.ndarray, origins: np.ndarray, length: int) -> np.ndarray:
    """The `length` rows from each origin on."""
    return values[origins[:, None] + np.arange(length)]
