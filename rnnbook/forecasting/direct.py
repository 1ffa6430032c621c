"""One model for each step ahead."""

import numpy as np

from rnnbook.forecasting.baselines import check_fitted, flat


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
