"""What a backtest and a forecast do at an origin: fit on what came before, and predict."""

from typing import NamedTuple

import numpy as np

from rnnbook._check import check_sizes
from rnnbook.forecasting.model import Model, fit_model, predict_model
from rnnbook.forecasting.window import after, before, cut_windows


class History(NamedTuple):
    """A checked series, and how windows are cut from it."""

    values: np.ndarray  # (L,) or (L, D), NaN where missing
    present: np.ndarray  # Boolean, same shape
    known: np.ndarray | None  # (L, K), or longer
    columns: int | list[int] | None  # those to forecast
    input_length: int
    horizon: int

    @property
    def targets(self) -> np.ndarray:
        """The series to forecast, (L,), or (L, K) of several columns."""
        return self.values if self.columns is None else self.values[:, self.columns]


def fit_before(
    model: Model, history: History, end: int, train_length: int | None, complete: bool
) -> None:
    """Fit on the windows before row `end`, or those of the last `train_length` rows before it."""
    past = slice(max(0, end - train_length) if train_length else 0, end)
    cut = cut_windows(
        history.values[past],
        history.present[past],
        history.input_length,
        history.horizon,
        history.columns,
        None if history.known is None else history.known[past],
        complete=complete,
    )
    fit_model(model, cut.X, cut.Y, cut.known)


def predict_at(model: Model, history: History, origins: np.ndarray) -> np.ndarray:
    """The forecasts (N, H, ...) from each origin on, of which nothing but `known` is looked at."""
    ahead = None if history.known is None else after(history.known, origins, history.horizon)
    X = before(history.values, origins, history.input_length)
    forecasts = predict_model(model, X, ahead)
    if forecasts.ndim == 1:
        forecasts = forecasts[:, None]
    shape: tuple[int, ...] = (len(origins), history.horizon)
    symbols = "(N, H)"
    if isinstance(history.columns, list):
        shape, symbols = (*shape, len(history.columns)), "(N, H, K)"
    if forecasts.shape[: len(shape)] != shape:
        raise ValueError(
            f"model.predict returns shape {forecasts.shape}; expected {symbols} = {shape}"
        )
    return forecasts


def check_train_length(train_length: int | None, history: History) -> None:
    """Raise unless so many rows hold a window."""
    if train_length is None:
        return
    check_sizes(train_length=train_length)
    least = history.input_length + history.horizon
    if train_length < least:
        raise ValueError(
            f"train_length is {train_length}; expected at least input_length + horizon = "
            f"{least} for one window"
        )
