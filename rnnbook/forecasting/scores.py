"""Scores of point forecasts.

`mask`, of the shape of the targets, is True where a target was measured; others do not count.
Values go together by their place. Where two of them come from pandas, their labels have to agree:
other dates, or the same labels in another order, raise `ValueError`.
"""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rnnbook._check import check_sizes
from rnnbook.forecasting._labels import check_aligned, check_one_series, check_same_columns
from rnnbook.forecasting.series import check_series, check_values, floats


def mae(forecasts: ArrayLike, targets: ArrayLike, mask: ArrayLike | None = None) -> float:
    """Mean absolute error, in the units of the series.

    >>> mae([1.0, 2.0], [2.0, 4.0])
    1.5
    """
    return float(np.mean(np.abs(_errors(forecasts, targets, mask))))


def rmse(forecasts: ArrayLike, targets: ArrayLike, mask: ArrayLike | None = None) -> float:
    """Root of the mean squared error, in the units of the series.

    >>> rmse([1.0, 2.0], [2.0, 9.0])
    5.0
    """
    return float(np.sqrt(np.mean(_errors(forecasts, targets, mask) ** 2)))


def mase(
    forecasts: ArrayLike,
    targets: ArrayLike,
    training: ArrayLike,
    *,
    season: int = 1,
    mask: ArrayLike | None = None,
    training_mask: ArrayLike | None = None,
) -> float:
    """Mean absolute scaled error (Hyndman and Koehler 2006): free of units, below 1 is better.

    The MAE divided by the mean of ``|y[t] - y[t - season]|`` over the training data, where both
    were measured.

    >>> mase([1.0, 2.0], [2.0, 4.0], training=[0.0, 3.0, 0.0, 3.0])
    0.5
    """
    check_one_series("training", training)
    if training_mask is None:
        training = check_series(training, "training")
    else:
        training = check_values(training, training_mask, "training")[0]
    check_sizes(season=season)
    if len(training) <= season:
        raise ValueError(f"training has {len(training)} values; expected more than season {season}")
    changes = np.abs(training[season:] - training[:-season])
    if not np.isfinite(changes).any():
        raise ValueError(f"training has no two values that are season = {season} steps apart")
    scale = np.nanmean(changes)
    if scale == 0:
        raise ValueError("training repeats itself exactly; its seasonal naive error is 0")
    return mae(forecasts, targets, mask) / float(scale)


def skill(error: float, reference_error: float) -> float:
    """How much better than a reference: 1 - error / reference_error. 1 is perfect, 0 no gain.

    >>> skill(30.0, 40.0)
    0.25
    """
    if not reference_error > 0:
        raise ValueError(f"reference_error is {reference_error}; expected a positive number")
    return 1 - error / reference_error


def counted(
    targets: ArrayLike, mask: ArrayLike | None, forecasts: Mapping[Hashable, ArrayLike]
) -> list[np.ndarray]:
    """The targets that count and, for each name, what was forecast; raises where a number lacks.

    Forecasts have the shape of `targets`, or one more axis at the end.
    """
    check_labels("mask", mask, targets)
    for name, forecast in forecasts.items():
        check_labels(name, forecast, targets)
    targets = floats(targets, "targets")
    there = np.ones(targets.shape, bool) if mask is None else np.asarray(mask)
    if there.shape != targets.shape or there.dtype != bool:
        raise ValueError(
            f"mask has shape {there.shape}, dtype {there.dtype}; "
            f"expected {targets.shape}, that of targets, and bool"
        )
    if not there.any():
        raise ValueError("mask leaves no target; expected at least one")
    kept = [_kept("targets", targets, there)]
    for name, forecast in forecasts.items():
        values = floats(forecast, str(name))
        if values.shape[: targets.ndim] != targets.shape:
            raise ValueError(
                f"{name} has shape {values.shape}; expected {targets.shape}, that of targets"
            )
        kept.append(_kept(name, values, there))
    return kept


def _kept(name: Hashable, values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    kept = values[mask]
    bad = np.flatnonzero(~np.isfinite(kept).reshape(len(kept), -1).all(axis=1))
    if bad.size:
        place = ", ".join(map(str, np.argwhere(mask)[bad[0]]))
        raise ValueError(f"{name}[{place}] is not finite; expected a number, or a mask")
    return kept


def same_shape(name: Hashable, forecast: ArrayLike, targets: ArrayLike) -> np.ndarray:
    """The forecast as floats; raises `ValueError` unless its shape and labels fit `targets`."""
    check_labels(name, forecast, targets)
    try:
        values = floats(forecast, str(name))
    except ValueError:
        raise ValueError(f"{name} has rows of different lengths; expected an array") from None
    if values.shape != np.shape(targets):
        raise ValueError(
            f"{name} has shape {values.shape}; expected {np.shape(targets)}, that of targets"
        )
    return values


def check_labels(name: Hashable, values: Any, targets: Any, other: str = "targets") -> None:
    """Raise `ValueError` where rows or columns of pandas have other labels than `targets`."""
    check_aligned(str(name), values, targets, other)
    check_same_columns(str(name), values, targets, other)


def _errors(forecasts: ArrayLike, targets: ArrayLike, mask: ArrayLike | None) -> np.ndarray:
    values = same_shape("forecasts", forecasts, targets)
    kept_targets, kept = counted(targets, mask, {"forecasts": values})
    return kept - kept_targets
