"""Forecasting without fooling oneself: windows, baselines, backtests and scores.

A model is anything with `fit(X, Y)` and `predict(X)`, where X is (N, T), the T values before
each forecast origin, and Y (N, H), the H values after it. scikit-learn's regressors are such
models; so are the baselines here. NumPy only.
"""

from typing import NamedTuple

import numpy as np

from rnnbook._check import check_sizes


def check_series(series) -> np.ndarray:
    """The series as a float array (L,); raises `ValueError` if it is not finite or not flat.

    >>> check_series([1, 2, np.nan])
    Traceback (most recent call last):
    ...
    ValueError: series[2] is nan; expected finite values: fill gaps or mask them first
    """
    series = np.asarray(series, dtype=float)
    if series.ndim != 1:
        raise ValueError(f"series has shape {series.shape}; expected (L,), one value a step")
    bad = np.flatnonzero(~np.isfinite(series))
    if bad.size:
        raise ValueError(
            f"series[{bad[0]}] is {series[bad[0]]}; "
            "expected finite values: fill gaps or mask them first"
        )
    return series


def windows(series, input_length: int, horizon: int, *, stride: int = 1):
    """Cut a series into inputs and targets: X (N, T), Y (N, H) and origins (N,).

    X[n] = series[o - T : o] and Y[n] = series[o : o + H] with o = origins[n] = T + n stride.
    No target is ever part of its own input.

    >>> X, Y, origins = windows([0, 1, 2, 3, 4], input_length=2, horizon=2)
    >>> X.tolist(), Y.tolist(), origins.tolist()
    ([[0.0, 1.0], [1.0, 2.0]], [[2.0, 3.0], [3.0, 4.0]], [2, 3])
    """
    series = check_series(series)
    check_sizes(input_length=input_length, horizon=horizon, stride=stride)
    if len(series) < input_length + horizon:
        raise ValueError(
            f"series has {len(series)} values; expected at least input_length + horizon = "
            f"{input_length + horizon} for one window"
        )
    origins = np.arange(input_length, len(series) - horizon + 1, stride)
    return _before(series, origins, input_length), _after(series, origins, horizon), origins


def _before(series, origins, length):
    return series[origins[:, None] + np.arange(-length, 0)]


def _after(series, origins, length):
    return series[origins[:, None] + np.arange(length)]


def time_split(length: int, fractions=(0.6, 0.2, 0.2)) -> list[slice]:
    """Consecutive slices of a series in the given fractions: the past first, never shuffled.

    >>> time_split(10, (0.6, 0.2, 0.2))
    [slice(0, 6, None), slice(6, 8, None), slice(8, 10, None)]
    """
    check_sizes(length=length)
    if min(fractions) <= 0 or not np.isclose(sum(fractions), 1):
        raise ValueError(f"fractions is {fractions}; expected positive numbers that add up to 1")
    ends = np.round(np.cumsum(fractions) * length).astype(int)
    if len(set(ends)) < len(ends):
        raise ValueError(f"length is {length}; too short for the fractions {fractions}")
    return [slice(int(a), int(b)) for a, b in zip([0, *ends[:-1]], ends, strict=True)]


class Standardizer(NamedTuple):
    """Subtract the mean, divide by the standard deviation: both of the *training* data only.

    >>> scaler = Standardizer.fit([1.0, 3.0])
    >>> scaler.transform(np.array([5.0])), scaler.inverse(np.array([3.0]))
    (array([3.]), array([5.]))
    """

    mean: float
    std: float

    @classmethod
    def fit(cls, series):
        """Mean and standard deviation of a series, which must not be constant."""
        series = check_series(series)
        if series.std() == 0:
            raise ValueError("series is constant; expected some variation to scale by")
        return cls(float(series.mean()), float(series.std()))

    def transform(self, values):
        """To mean 0 and standard deviation 1."""
        return (values - self.mean) / self.std

    def inverse(self, values):
        """Back to the units of the series."""
        return values * self.std + self.mean


class Naive:
    """The last value, for every step ahead.

    >>> Naive().fit(np.zeros((1, 3)), np.zeros((1, 2))).predict(np.array([[1.0, 2.0, 3.0]]))
    array([[3., 3.]])
    """

    def fit(self, X, Y):
        """Note the horizon; nothing is learned."""
        self.horizon = Y.shape[1]
        return self

    def predict(self, X):
        """The forecasts (N, H)."""
        _check_fitted(self, "horizon")
        return np.repeat(X[:, -1:], self.horizon, axis=1)


class SeasonalNaive:
    """The value one season earlier: yesterday's hour (24) or last week's (168) in hourly data.

    y_hat[o + k] = y[o + k - m season] with the smallest m that lies in the past.

    >>> model = SeasonalNaive(2).fit(np.zeros((1, 3)), np.zeros((1, 3)))
    >>> model.predict(np.array([[1.0, 2.0, 3.0]]))
    array([[2., 3., 2.]])
    """

    def __init__(self, season: int):
        check_sizes(season=season)
        self.season = season

    def fit(self, X, Y):
        """Note the horizon; nothing is learned."""
        if X.shape[1] < self.season:
            raise ValueError(f"X has {X.shape[1]} steps; expected at least season = {self.season}")
        self.horizon = Y.shape[1]
        return self

    def predict(self, X):
        """The forecasts (N, H)."""
        _check_fitted(self, "horizon")
        return X[:, -self.season + np.arange(self.horizon) % self.season]


class LinearAutoregression:
    """One ridge regression for each step ahead on the T values before the origin.

    Minimises ``|Y - X W - b|^2 / N + ridge |W|^2`` in closed form; b is not penalised.

    >>> series = 0.5 ** np.arange(9.0)
    >>> X, Y, _ = windows(series, 2, 1)
    >>> LinearAutoregression().fit(X, Y).predict(np.array([[4.0, 2.0]])).round(6)
    array([[1.]])
    """

    def __init__(self, ridge: float = 1e-8):
        if ridge < 0:
            raise ValueError(f"ridge is {ridge}; expected zero or a positive number")
        self.ridge = ridge

    def fit(self, X, Y):
        """Solve the normal equations of the centred data."""
        self.x_mean, self.y_mean = X.mean(axis=0), Y.mean(axis=0)
        X, Y = X - self.x_mean, Y - self.y_mean
        gram = X.T @ X + self.ridge * len(X) * np.eye(X.shape[1])
        self.W = np.linalg.lstsq(gram, X.T @ Y, rcond=None)[0]
        return self

    def predict(self, X):
        """The forecasts (N, H)."""
        _check_fitted(self, "W")
        return (X - self.x_mean) @ self.W + self.y_mean


def _check_fitted(model, attribute):
    if not hasattr(model, attribute):
        raise ValueError(f"{type(model).__name__} is not fitted; call fit(X, Y) first")


class Backtest(NamedTuple):
    """Forecasts and what came true, for every origin."""

    origins: np.ndarray  # (N,)
    forecasts: np.ndarray  # (N, H)
    targets: np.ndarray  # (N, H)


def backtest(
    model,
    series,
    *,
    input_length: int,
    horizon: int,
    start: int,
    stride: int = 1,
    refit_every: int | None = None,
) -> Backtest:
    """Forecast from rolling origins start, start + stride, ..., as one would have at the time.

    The model is fitted on the windows that end before `start`. With `refit_every=k` it is fitted
    again at every k-th origin, on all windows whose targets are known by then; without, it stays.

    >>> series = np.tile([1.0, 2.0, 3.0], 10)
    >>> result = backtest(SeasonalNaive(3), series, input_length=3, horizon=2, start=20)
    >>> float(np.abs(result.forecasts - result.targets).max())
    0.0
    """
    series = check_series(series)
    check_sizes(input_length=input_length, horizon=horizon, stride=stride)
    if not input_length + horizon <= start <= len(series) - horizon:
        raise ValueError(
            f"start is {start}; expected {input_length + horizon} to {len(series) - horizon}, so "
            "that there is a window to fit on and one to forecast"
        )
    origins = np.arange(start, len(series) - horizon + 1, stride)
    targets = _after(series, origins, horizon)
    step = refit_every or len(origins)
    parts = []
    for first in range(0, len(origins), step):
        known = series[: origins[first]]
        X, Y, _ = windows(known, input_length, horizon)
        model.fit(X, Y)
        chunk = origins[first : first + step]
        parts.append(np.asarray(model.predict(_before(series, chunk, input_length))))
    forecasts = np.concatenate(parts).reshape(len(origins), -1)
    if forecasts.shape != targets.shape:
        raise ValueError(
            f"model.predict returns shape {forecasts.shape}; expected (N, H) = {targets.shape}"
        )
    return Backtest(origins, forecasts, targets)


def mae(forecasts, targets) -> float:
    """Mean absolute error, in the units of the series.

    >>> mae([1.0, 2.0], [2.0, 4.0])
    1.5
    """
    return float(np.mean(np.abs(_errors(forecasts, targets))))


def rmse(forecasts, targets) -> float:
    """Root of the mean squared error, in the units of the series.

    >>> rmse([1.0, 2.0], [2.0, 9.0])
    5.0
    """
    return float(np.sqrt(np.mean(_errors(forecasts, targets) ** 2)))


def mase(forecasts, targets, training, *, season: int = 1) -> float:
    """Mean absolute scaled error (Hyndman and Koehler 2006): free of units, below 1 is better.

    The MAE divided by the mean of ``|y[t] - y[t - season]|`` over the training data.

    >>> mase([1.0, 2.0], [2.0, 4.0], training=[0.0, 3.0, 0.0, 3.0])
    0.5
    """
    training = check_series(training)
    check_sizes(season=season)
    if len(training) <= season:
        raise ValueError(f"training has {len(training)} values; expected more than season {season}")
    scale = np.mean(np.abs(training[season:] - training[:-season]))
    if scale == 0:
        raise ValueError("training repeats itself exactly; its seasonal naive error is 0")
    return mae(forecasts, targets) / float(scale)


def skill(error: float, reference_error: float) -> float:
    """How much better than a reference: 1 - error / reference_error. 1 is perfect, 0 no gain.

    >>> skill(30.0, 40.0)
    0.25
    """
    if not reference_error > 0:
        raise ValueError(f"reference_error is {reference_error}; expected a positive number")
    return 1 - error / reference_error


def _errors(forecasts, targets):
    forecasts, targets = np.asarray(forecasts, float), np.asarray(targets, float)
    if forecasts.shape != targets.shape:
        raise ValueError(
            f"forecasts has shape {forecasts.shape}; expected {targets.shape}, that of targets"
        )
    return forecasts - targets
