"""One model for each step ahead."""

from collections.abc import Callable
from typing import Any, Self

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

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make

    def fit(self, X: np.ndarray, Y: np.ndarray, known: np.ndarray | None = None) -> Self:
        """Fit H models, or H K for Y (N, H, K)."""
        self.models, self.shape = [], Y.shape[1:]
        for place in np.ndindex(self.shape):
            y = Y[:, *place]
            rows = np.isfinite(y)
            if not rows.any():
                raise ValueError(
                    f"Y[:, {', '.join(map(str, place))}] has no value; expected one to learn from"
                )
            inputs = flat(X, None if known is None else known[:, place[0]])
            self.models.append(self.make().fit(inputs[rows], y[rows]))
        return self

    def predict(self, X: np.ndarray, known: np.ndarray | None = None) -> np.ndarray:
        """The forecasts (N, H), or (N, H, K)."""
        check_fitted(self, "models")
        forecasts = [
            model.predict(flat(X, None if known is None else known[:, place[0]]))
            for model, place in zip(self.models, np.ndindex(self.shape), strict=True)
        ]
        return np.stack(forecasts, axis=1).reshape(len(X), *self.shape)
