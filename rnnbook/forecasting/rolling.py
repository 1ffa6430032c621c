"""Backtests: forecasts as one would have made them at the time."""

from typing import NamedTuple

import numpy as np

from rnnbook._check import check_sizes
from rnnbook.forecasting.series import check_values
from rnnbook.forecasting.times import check_index
from rnnbook.forecasting.window import after, before, check_known, masked_windows, target_column


class Backtest(NamedTuple):
    """Forecasts and what came true, for every origin with a measured target."""

    origins: np.ndarray  # (N,)
    forecasts: np.ndarray  # (N, H), or (N, H, Q) from a model that forecasts quantiles
    targets: np.ndarray  # (N, H), NaN where missing
    mask: np.ndarray  # (N, H), True where the target was measured


def backtest(
    model,
    series,
    *,
    input_length: int,
    horizon: int,
    start: int,
    stride: int = 1,
    refit_every: int | None = None,
    train_length: int | None = None,
    mask=None,
    target: int | None = None,
    known=None,
    complete: bool = False,
    times=None,
) -> Backtest:
    """Forecast from rolling origins start, start + stride, ..., as one would have at the time.

    The model is fitted on the windows that end before `start`. With `refit_every=k` it is fitted
    again at every k-th origin, on all windows whose targets are known by then, or on the last
    `train_length` steps only; without, it stays. `series`, `mask`, `target`, `known` and `times`
    are as in `masked_windows`. With `complete` the model is fitted on windows without a gap only.
    An origin none of whose targets was measured is forecast, but left out of what is returned.

    >>> series = np.tile([1.0, 2.0, 3.0], 10)
    >>> from rnnbook.forecasting import SeasonalNaive
    >>> result = backtest(SeasonalNaive(3), series, input_length=3, horizon=2, start=20)
    >>> float(np.abs(result.forecasts - result.targets).max())
    0.0
    """
    values, present = check_values(series, mask)
    check_index(series, times, len(values))
    y, known = target_column(values, target), check_known(known, len(values))
    check_sizes(input_length=input_length, horizon=horizon, start=start, stride=stride)
    for name, size in {"refit_every": refit_every, "train_length": train_length}.items():
        if size is not None:
            check_sizes(**{name: size})
    if not input_length + horizon <= start <= len(values) - horizon:
        raise ValueError(
            f"start is {start}; expected {input_length + horizon} to {len(values) - horizon}, so "
            "that there is a window to fit on and one to forecast"
        )
    if train_length is not None and train_length < input_length + horizon:
        raise ValueError(
            f"train_length is {train_length}; expected at least input_length + horizon = "
            f"{input_length + horizon} for one window"
        )
    origins = np.arange(start, len(values) - horizon + 1, stride)
    targets = after(y, origins, horizon)
    step = refit_every or len(origins)
    settings = {"target": target, "complete": complete}
    parts = []
    for first in range(0, len(origins), step):
        end = origins[first]
        past = slice(max(0, end - train_length) if train_length else 0, end)
        ahead = None if known is None else known[past]
        fitted_on = masked_windows(
            values[past], present[past], input_length, horizon, known=ahead, **settings
        )
        more = () if known is None else (fitted_on.known,)
        model.fit(fitted_on.X, fitted_on.Y, *more)
        chunk = origins[first : first + step]
        more = () if known is None else (after(known, chunk, horizon),)
        parts.append(np.asarray(model.predict(before(values, chunk, input_length), *more)))
    forecasts = np.concatenate(parts)
    if forecasts.ndim == 1:
        forecasts = forecasts[:, None]
    if forecasts.shape[:2] != targets.shape:
        raise ValueError(
            f"model.predict returns shape {forecasts.shape}; expected (N, H) = {targets.shape}"
        )
    there = np.isfinite(targets)
    kept = there.any(axis=1)
    if not kept.any():
        raise ValueError(f"mask leaves no target from start = {start} on; expected some")
    return Backtest(origins[kept], forecasts[kept], targets[kept], there[kept])
