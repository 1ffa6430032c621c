"""Standardising as a part of the model."""

from collections.abc import Sequence
from typing import Self

import numpy as np

from rnnbook.forecasting.baselines import check_fitted
from rnnbook.forecasting.model import Model, fit_model, predict_model
from rnnbook.forecasting.series import Standardizer, mean_and_std


class Scaled:
    """A model that sees standardised inputs and targets, scaled by what it is fitted on, no more.

    Each column of X has a scale of its own, from the windows of `fit`; Y has that of column
    `target`, or of several. Inside `backtest` this makes the scale part of the model: no later
    value enters it. A column that is constant there, such as a flag that is never set, is only
    shifted to 0; raises `ValueError` where the target itself is.

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
        _check_measured(rows)
        mean, std = mean_and_std(rows)
        column = self.target if X.ndim == 3 else 0
        if not np.all(std[column]):
            raise ValueError(
                "the target is constant in the windows to fit on; "
                "expected some variation to scale by"
            )
        self.y_scaler = Standardizer(mean[column], std[column])
        of_columns = Standardizer(mean, np.where(std == 0, 1.0, std))
        self.x_scaler = of_columns if X.ndim == 3 else self.y_scaler
        fit_model(self.model, self.x_scaler.transform(X), self.y_scaler.transform(Y), known)
        return self

    def predict(self, X: np.ndarray, known: np.ndarray | None = None) -> np.ndarray:
        """The forecasts, in the units of the series."""
        check_fitted(self, "x_scaler")
        forecasts = predict_model(self.model, self.x_scaler.transform(X), known)
        if forecasts.ndim == 4:  # quantiles of several columns: (N, H, K, Q)
            return self.y_scaler.inverse(forecasts.swapaxes(-1, -2)).swapaxes(-1, -2)
        return self.y_scaler.inverse(forecasts)


def _check_measured(rows: np.ndarray) -> None:
    empty = np.flatnonzero(np.isnan(rows).all(axis=0))
    if empty.size:
        raise ValueError(
            f"column {empty[0]} of series has no value in the windows to fit on; expected some"
        )
