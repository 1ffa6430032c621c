"""Backtests: forecasts as one would have made them at the time."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rnnbook._check import check_sizes
from rnnbook.forecasting._index import series_index
from rnnbook.forecasting._labels import check_aligned
from rnnbook.forecasting._origin import History, check_train_length, fit_before, predict_at
from rnnbook.forecasting._target import Target, check_model_target, target_columns
from rnnbook.forecasting.model import Model
from rnnbook.forecasting.series import check_values
from rnnbook.forecasting.window import after, check_known


class Backtest(NamedTuple):
    """Forecasts and what came true, for every origin with a measured target."""

    origins: np.ndarray  # (N,)
    forecasts: np.ndarray  # (N, H), or (N, H, Q) from a model that forecasts quantiles
    targets: np.ndarray  # (N, H), NaN where missing; (N, H, K) of K columns
    mask: np.ndarray  # (N, H), True where the target was measured
    times: np.ndarray  # (N, H), of the targets; without times the numbers of their rows


def backtest(
    model: Model,
    series: ArrayLike,
    *,
    input_length: int,
    horizon: int,
    start: Any,
    stride: int = 1,
    refit_every: int | None = None,
    train_length: int | None = None,
    mask: ArrayLike | None = None,
    target: Target = None,
    known: ArrayLike | None = None,
    complete: bool = False,
    times: Any = None,
) -> Backtest:
    """Forecast from rolling origins start, start + stride, ..., as one would have at the time.

    `start` is the number of a row, or a date: the first row that is not before it. The model is
    fitted on the windows that end before `start`. With `refit_every=k` it is fitted again at every
    k-th origin, on all windows whose targets are known by then, or on the last `train_length` steps
    only; without, it stays. `series`, `mask`, `target`, `known` and `times` are as in
    `masked_windows`. With `complete` the model is fitted on windows without a gap only. An origin
    none of whose targets was measured is forecast, but left out of what is returned.

    >>> series = np.tile([1.0, 2.0, 3.0], 10)
    >>> from rnnbook.forecasting import SeasonalNaive
    >>> result = backtest(SeasonalNaive(3), series, input_length=3, horizon=2, start=20)
    >>> float(np.abs(result.forecasts - result.targets).max())
    0.0
    >>> days = np.datetime64("2024-02-27") + np.arange(30)
    >>> settings = {"input_length": 3, "horizon": 2, "times": days, "stride": 6}
    >>> backtest(SeasonalNaive(3), series, start="2024-03-18", **settings).times
    array([['2024-03-18', '2024-03-19'],
           ['2024-03-24', '2024-03-25']], dtype='datetime64[D]')
    """
    check_sizes(input_length=input_length, horizon=horizon, stride=stride)
    values, present = check_values(series, mask)
    index = series_index(series, times, len(values))
    check_aligned("known", known, series)
    columns = target_columns(series, target, values.shape)
    check_model_target(model, columns)
    history = History(
        values, present, check_known(known, len(values)), columns, input_length, horizon
    )
    row = _checked_start(index.row(start), start, history)
    check_train_length(train_length, history)
    if refit_every is not None:
        check_sizes(refit_every=refit_every)
    origins = np.arange(row, len(values) - horizon + 1, stride)
    step = refit_every or len(origins)
    parts = []
    for first in range(0, len(origins), step):
        fit_before(model, history, origins[first], train_length, complete)
        parts.append(predict_at(model, history, origins[first : first + step]))
    forecasts, targets = np.concatenate(parts), after(history.targets, origins, horizon)
    there = np.isfinite(targets)
    kept = there.reshape(len(origins), -1).any(axis=1)
    if not kept.any():
        raise ValueError(f"mask leaves no target from start = {start} on; expected some")
    ahead = index.at(origins[kept, None] + np.arange(horizon))
    return Backtest(origins[kept], forecasts[kept], targets[kept], there[kept], ahead)


def _checked_start(row: int, start: Any, history: History) -> int:
    first, last = history.input_length + history.horizon, len(history.values) - history.horizon
    if not first <= row <= last:
        given = "" if row == start else f", row {row}"
        raise ValueError(
            f"start is {start}{given}; expected {first} to {last}, so "
            "that there is a window to fit on and one to forecast"
        )
    return row
