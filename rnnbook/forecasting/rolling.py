"""Backtests: forecasts as one would have made them at the time."""

from typing import NamedTuple

import numpy as np

from rnnbook._check import check_sizes
from rnnbook.forecasting.baselines import check_fitted, flat
from rnnbook.forecasting.series import Standardizer, check_values
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


class Direct:
    """One model for each step ahead, from `make()`: any regressor for one number becomes a model.

    The regressor gets rows: X flattened to (N, T D), with what is known of *its* step ahead.
    Windows whose target is missing are left out, for that step only. Missing inputs are passed on
    as NaN, which gradient-boosted trees take and most linear models refuse.

    >>> from sklearn.linear_model import Ridge
    >>> X, Y = np.arange(6.0).reshape(3, 2), np.array([[1.0, 2.0], [3.0, np.nan], [5.0, 6.0]])
    >>> Direct(lambda: Ridge(1e-9)).fit(X, Y).predict(X).round(3).tolist()
    [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    """

    def __init__(self, make):
        self.make = make

    def fit(self, X, Y, known=None):
        """Fit H models."""
        self.models = []
        for k, y in enumerate(Y.T):
            rows = np.isfinite(y)
            if not rows.any():
                raise ValueError(f"Y[:, {k}] has no value; expected one to learn from")
            inputs = flat(X, None if known is None else known[:, k])
            self.models.append(self.make().fit(inputs[rows], y[rows]))
        return self

    def predict(self, X, known=None):
        """The forecasts (N, H)."""
        check_fitted(self, "models")
        steps = range(len(self.models))
        inputs = [flat(X, None if known is None else known[:, k]) for k in steps]
        return np.stack([self.models[k].predict(inputs[k]) for k in steps], axis=1)


class Scaled:
    """A model that sees standardised inputs and targets, scaled by what it is fitted on, no more.

    Each column of X has a scale of its own, from the windows of `fit`; Y has that of column
    `target`. Inside `backtest` this makes the scale part of the model: no later value enters it.

    >>> from rnnbook.forecasting import Naive
    >>> X, Y = np.array([[1.0], [3.0]]), np.array([[3.0], [5.0]])
    >>> Scaled(Naive()).fit(X, Y).predict(np.array([[7.0]]))
    array([[7.]])
    """

    def __init__(self, model, target: int = 0):
        self.model, self.target = model, target

    def fit(self, X, Y, *known):
        """Fit the scale, then the model."""
        rows = X.reshape(-1, 1 if X.ndim == 2 else X.shape[-1])
        scaler = Standardizer.fit(rows, np.isfinite(rows))
        column = self.target if X.ndim == 3 else 0
        self.y_scaler = Standardizer(scaler.mean[column], scaler.std[column])
        self.x_scaler = scaler if X.ndim == 3 else self.y_scaler
        self.model.fit(self.x_scaler.transform(X), self.y_scaler.transform(Y), *known)
        return self

    def predict(self, X, *known):
        """The forecasts, in the units of the series."""
        check_fitted(self, "x_scaler")
        return self.y_scaler.inverse(self.model.predict(self.x_scaler.transform(X), *known))
