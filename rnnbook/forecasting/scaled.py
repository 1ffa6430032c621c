"""Standardising as a part of the model."""

import numpy as np

from rnnbook.forecasting.baselines import check_fitted
from rnnbook.forecasting.series import Standardizer


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
