"""Scores of point forecasts.

`mask`, of the shape of the targets, is True where a target was measured; others do not count.
"""

import numpy as np

from rnnbook._check import check_sizes
from rnnbook.forecasting.series import check_series, check_values


def mae(forecasts, targets, mask=None) -> float:
    """Mean absolute error, in the units of the series.

    >>> mae([1.0, 2.0], [2.0, 4.0])
    1.5
    """
    return float(np.mean(np.abs(_errors(forecasts, targets, mask))))


def rmse(forecasts, targets, mask=None) -> float:
    """Root of the mean squared error, in the units of the series.

    >>> rmse([1.0, 2.0], [2.0, 9.0])
    5.0
    """
    return float(np.sqrt(np.mean(_errors(forecasts, targets, mask) ** 2)))


def mase(forecasts, targets, training, *, season: int = 1, mask=None, training_mask=None) -> float:
    """Mean absolute scaled error (Hyndman and Koehler 2006): free of units, below 1 is better.

    The MAE divided by the mean of ``|y[t] - y[t - season]|`` over the training data, where both
    were measured.

    >>> mase([1.0, 2.0], [2.0, 4.0], training=[0.0, 3.0, 0.0, 3.0])
    0.5
    """
    if training_mask is None:
        training = check_series(training)
    else:
        training = check_values(training, training_mask)[0]
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


def counted(targets, mask, **forecasts):
    """The targets that count and, for each, what was forecast; raises where a number is missing.

    Forecasts have the shape of `targets`, or one more axis at the end.
    """
    targets = np.asarray(targets, float)
    mask = np.ones(targets.shape, bool) if mask is None else np.asarray(mask)
    if mask.shape != targets.shape or mask.dtype != bool:
        raise ValueError(
            f"mask has shape {mask.shape}, dtype {mask.dtype}; "
            f"expected {targets.shape}, that of targets, and bool"
        )
    if not mask.any():
        raise ValueError("mask leaves no target; expected at least one")
    arrays = {"targets": targets} | {k: np.asarray(v, float) for k, v in forecasts.items()}
    for name, values in arrays.items():
        if values.shape[: targets.ndim] != targets.shape:
            raise ValueError(
                f"{name} has shape {values.shape}; expected {targets.shape}, that of targets"
            )
        bad = np.argwhere(~np.isfinite(values[mask]).reshape(int(mask.sum()), -1).all(axis=1))
        if len(bad):
            place = ", ".join(map(str, np.argwhere(mask)[bad[0, 0]]))
            raise ValueError(f"{name}[{place}] is not finite; expected a number, or a mask")
    return [values[mask] for values in arrays.values()]


def _errors(forecasts, targets, mask):
    forecasts, targets = np.asarray(forecasts, float), np.asarray(targets, float)
    if forecasts.shape != targets.shape:
        raise ValueError(
            f"forecasts has shape {forecasts.shape}; expected {targets.shape}, that of targets"
        )
    targets, forecasts = counted(targets, mask, forecasts=forecasts)
    return forecasts - targets
