"""Standardising as a part of the model."""

from collections.abc import Sequence
from typing import Self

import numpy as np

from rnnbook.forecasting.baselines import check_fitted
from rnnbook.forecasting.model import Model, fit_model, predict_model
from rnnbook.forecasting.series import Standardizer


class Scaled:
    """A model that sees standardised inputs and targets, scaled by what it is fitted on, no more.

    Each column of X has a scale of its own, from the windows of `fit`; Y has that of column
    `target`, or of several. Inside `backtest` this makes the scale part of the model: no later
    value enters it.

    >>> from rnnbook.forecasting import Naive
    >>> X, Y = np.array([[1.0], [3.0]]), np.array([[3.0], [5.0]])
    >>> Scaled(Naive()).fit(X, Y).predict(np.array([[7.0]]))
    array([[7.]])
    """

    def __init__(self, model: Model, target: int | Sequence[int] = 0) -> None:
        self.model, self.target = model, target

    def fit(self, X: np.ndarray, Y: np.ndarray, known: np.ndarray | None = None) -> Self:
        """Fit the scale, then the model."""
        rows = X.reshape(-1, 1 if X.ndim == 2 else X.shape[-1])
        scaler = Standardizer.fit(rows, np.isfinite(rows))
        column = self.target if X.ndim == 3 else 0
        mean, std = np.asarray(scaler.mean), np.asarray(scaler.std)
        self.y_scaler = Standardizer(mean[column], std[column])
        self.x_scaler = scaler if X.ndim == 3 else self.y_scaler
        fit_model(self.model, self.x_scaler.transform(X), self.y_scaler.transform(Y), known)
        return self

    def predict(self, X: np.ndarray, known: np.ndarray | None = None) -> np.ndarray:
        """The forecasts, in the units of the series."""
        check_fitted(self, "x_scaler")
        forecasts = predict_model(self.model, self.x_scaler.transform(X), known)
        if forecasts.ndim == 4:  # quantiles of several columns: (N, H, K, Q)
            return self.y_scaler.inverse(forecasts.swapaxes(-1, -2)).swapaxes(-1, -2)
        return self.y_scaler.inverse(forecasts)
