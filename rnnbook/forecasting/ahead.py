"""The forecast that nobody can check yet: beyond the last row."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rnnbook._check import check_sizes
from rnnbook.forecasting._index import check_ahead, series_index
from rnnbook.forecasting._labels import check_aligned
from rnnbook.forecasting._origin import History, check_train_length, fit_before, predict_at
from rnnbook.forecasting._target import Target, check_model_target, target_columns
from rnnbook.forecasting.model import Model
from rnnbook.forecasting.series import check_values
from rnnbook.forecasting.window import check_known


class Forecast(NamedTuple):
    """What is forecast for the H steps after the last row."""

    times: Any  # (H,): of the kind of the times of the series; row numbers where it has none
    values: np.ndarray  # (H,); (H, K) of K columns; with one more axis from a model of quantiles


def forecast(
    model: Model,
    series: ArrayLike,
    *,
    input_length: int,
    horizon: int,
    mask: ArrayLike | None = None,
    target: Target = None,
    known: ArrayLike | None = None,
    train_length: int | None = None,
    complete: bool = False,
    times: Any = None,
) -> Forecast:
    """Fit on all L rows and forecast the H = `horizon` steps after the last.

    All is as in `backtest`, which tells how good such a forecast is: from the rows before an origin
    this is the forecast of the backtest there, if it was fitted there. But `known` has L + H rows:
    the calendar of tomorrow, too. With `train_length` the model is fitted on the last rows only.
    A series without a value that the model needs can have NaN among its forecasts.

    The times of what is forecast follow those of the series: ends of months are followed by ends of
    months, and business days by business days. Where rows are counted, since there are no times, or
    since `times="rows"`, they are the numbers L, ..., L + H - 1.

    >>> from rnnbook.forecasting import SeasonalNaive
    >>> months = ["2023-11-30", "2023-12-31", "2024-01-31"]
    >>> forecast(SeasonalNaive(2), [5.0, 6.0, 7.0], input_length=2, horizon=1, times=months)
    Forecast(times=array(['2024-02-29'], dtype='datetime64[D]'), values=array([6.]))
    """
    check_sizes(input_length=input_length, horizon=horizon)
    values, present = check_values(series, mask)
    length = len(values)
    index = series_index(series, times, length)
    ahead = index.ahead(horizon)
    check_aligned("known", known, series)
    check_ahead(known, index, ahead)
    columns = target_columns(series, target, values.shape)
    check_model_target(model, columns)
    history = History(
        values, present, check_known(known, length, horizon), columns, input_length, horizon
    )
    check_train_length(train_length, history)
    fit_before(model, history, length, train_length, complete)
    return Forecast(ahead, predict_at(model, history, np.array([length]))[0])
