"""Forecasts that every model has to beat.

All take NaN for a missing input, and a third argument, what is known ahead, where they can use it.
Targets Y are (N, H), or (N, H, K) for K columns; forecasts are alike.
"""

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from rnnbook._check import check_sizes
from rnnbook.forecasting.model import Model, fit_model, predict_model
from rnnbook.forecasting.quantiles import check_levels


class Naive:
    """The last value that was measured, for every step ahead.

    `target` is the number of its column in X, or several, where X is (N, T, D).

    >>> Naive().fit(np.zeros((1, 3)), np.zeros((1, 2))).predict(np.array([[1.0, 2.0, 3.0]]))
    array([[3., 3.]])
    """

    def __init__(self, target: int | Sequence[int] = 0) -> None:
        self.target = target

    def fit(self, X: np.ndarray, Y: np.ndarray, known: np.ndarray | None = None) -> Self:
        """Note the horizon; nothing is learned."""
        self.horizon = Y.shape[1]
        return self

    def predict(self, X: np.ndarray, known: np.ndarray | None = None) -> np.ndarray:
        """The forecasts (N, H): NaN where nothing was measured."""
        check_fitted(self, "horizon")
        return np.repeat(last_measured(past_of(X, self.target))[:, None], self.horizon, axis=1)


class SeasonalNaive:
    """The value one season earlier: yesterday's hour (24) or last week's (168) in hourly data.

    y_hat[o + k] = y[o + k - m season] with the smallest m that lies in the past and was measured.

    >>> model = SeasonalNaive(2).fit(np.zeros((1, 3)), np.zeros((1, 3)))
    >>> model.predict(np.array([[1.0, 2.0, 3.0]]))
    array([[2., 3., 2.]])
    """

    def __init__(self, season: int, target: int | Sequence[int] = 0) -> None:
        check_sizes(season=season)
        self.season, self.target = season, target

    def fit(self, X: np.ndarray, Y: np.ndarray, known: np.ndarray | None = None) -> Self:
        """Note the horizon; nothing is learned."""
        self._check_steps(X)
        self.horizon = Y.shape[1]
        return self

    def predict(self, X: np.ndarray, known: np.ndarray | None = None) -> np.ndarray:
        """The forecasts (N, H): NaN where nothing was measured."""
        check_fitted(self, "horizon")
        self._check_steps(X)
        past = past_of(X, self.target)
        seasons = (past.shape[1] // self.season, self.season)
        whole = past[:, past.shape[1] % self.season :].reshape(len(past), *seasons, *past.shape[2:])
        last_season = np.stack([last_measured(whole[:, :, k]) for k in range(self.season)], axis=1)
        return last_season[:, np.arange(self.horizon) % self.season]

    def _check_steps(self, X: np.ndarray) -> None:
        if X.shape[1] < self.season:
            raise ValueError(f"X has {X.shape[1]} steps; expected at least season = {self.season}")


class LinearAutoregression:
    """One ridge regression for each step ahead on all inputs before the origin.

    Minimises ``|Y - X W - b|^2 / N + ridge |W|^2`` in closed form; b is not penalised. X is (N, T)
    or (N, T, D), with what is known ahead (N, H, K) as further columns. It learns from windows
    without a gap, and forecasts with the training mean in place of a missing input.

    >>> from rnnbook.forecasting import windows
    >>> series = 0.5 ** np.arange(9.0)
    >>> X, Y, _ = windows(series, 2, 1)
    >>> LinearAutoregression().fit(X, Y).predict(np.array([[4.0, 2.0]])).round(6)
    array([[1.]])
    """

    def __init__(self, ridge: float = 1e-8) -> None:
        if ridge < 0:
            raise ValueError(f"ridge is {ridge}; expected zero or a positive number")
        self.ridge = ridge

    def fit(self, X: np.ndarray, Y: np.ndarray, known: np.ndarray | None = None) -> Self:
        """Solve the normal equations of the centred data."""
        X, self.shape, Y = flat(X, known), Y.shape[1:], Y.reshape(len(Y), -1)
        rows = np.isfinite(X).all(axis=1) & np.isfinite(Y).all(axis=1)
        if not rows.any():
            raise ValueError("X, Y have a missing value in every row; expected one without")
        if not rows.all():
            X, Y = X[rows], Y[rows]
        self.x_mean, self.y_mean = X.mean(axis=0), Y.mean(axis=0)
        X, Y = X - self.x_mean, Y - self.y_mean
        gram = X.T @ X + self.ridge * len(X) * np.eye(X.shape[1])
        self.W = np.linalg.lstsq(gram, X.T @ Y, rcond=None)[0]
        return self

    def predict(self, X: np.ndarray, known: np.ndarray | None = None) -> np.ndarray:
        """The forecasts (N, H)."""
        check_fitted(self, "W")
        centred = flat(X, known) - self.x_mean
        forecasts = np.where(np.isfinite(centred), centred, 0.0) @ self.W + self.y_mean
        return forecasts.reshape(len(X), *self.shape)


class EmpiricalQuantiles:
    """Quantiles of the past: those of the training targets, for each step ahead by itself.

    With a point forecast `model`, such as `SeasonalNaive(24)`, its forecast plus the quantiles of
    its training errors. Use one that learns little: errors on its own training data are too small.
    Forecasts are (N, H, Q), for the Q `levels`.

    >>> model = EmpiricalQuantiles([0.25, 0.5, 0.75], Naive())
    >>> X, Y = np.zeros((5, 1)), np.array([[-2.0], [-1.0], [0.0], [1.0], [2.0]])
    >>> model.fit(X, Y).predict(np.array([[10.0]])).tolist()
    [[[9.0, 10.0, 11.0]]]
    """

    def __init__(self, levels: ArrayLike, model: Model | None = None) -> None:
        self.levels, self.model = check_levels(levels), model

    def fit(self, X: np.ndarray, Y: np.ndarray, known: np.ndarray | None = None) -> Self:
        """Quantiles (H, Q), or (H, K, Q), of what was measured."""
        errors = Y
        if self.model is not None:
            fit_model(self.model, X, Y, known)
            errors = Y - predict_model(self.model, X, known)
        if not np.isfinite(errors).any(axis=0).all():
            raise ValueError("Y has a step ahead without a value; expected some for each")
        self.quantiles = np.moveaxis(np.nanquantile(errors, self.levels, axis=0), 0, -1)
        return self

    def predict(self, X: np.ndarray, known: np.ndarray | None = None) -> np.ndarray:
        """The forecasts (N, H, Q)."""
        check_fitted(self, "quantiles")
        if self.model is None:
            return np.repeat(self.quantiles[None], len(X), axis=0)
        return predict_model(self.model, X, known)[..., None] + self.quantiles


def check_fitted(model: object, attribute: str) -> None:
    """Raise `ValueError` if `fit` was not called."""
    if not hasattr(model, attribute):
        raise ValueError(f"{type(model).__name__} is not fitted; call fit(X, Y) first")


def past_of(X: np.ndarray, target: int | Sequence[int]) -> np.ndarray:
    """The past of the series itself, (N, T), or of K columns, (N, T, K)."""
    return X if X.ndim == 2 else X[..., target]


def last_measured(past: np.ndarray) -> np.ndarray:
    """The last value in time of (N, T) or (N, T, K) that is not NaN; NaN where there is none."""
    steps_back = np.argmax(np.isfinite(past[:, ::-1]), axis=1)
    return np.take_along_axis(past, past.shape[1] - 1 - steps_back[:, None], axis=1)[:, 0]


def flat(X: np.ndarray, known: np.ndarray | None) -> np.ndarray:
    """Inputs as one row for each window, with what is known ahead as the last columns."""
    X = X.reshape(len(X), -1)
    return X if known is None else np.concatenate([X, known.reshape(len(X), -1)], axis=1)
