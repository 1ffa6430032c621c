"""Linear regressions on the pinball loss: a median, or any quantiles."""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from rnnbook._check import check_sizes
from rnnbook.forecasting.baselines import check_fitted, flat
from rnnbook.forecasting.quantiles import check_levels


class LinearQuantiles:
    """One linear regression for each step ahead and each level, on the pinball loss.

    Minimises ``mean(max(tau e, (tau - 1) e)) + ridge |w|^2`` with ``e = y - X w - b`` for each
    level tau (Koenker and Bassett 1978); b is not penalised. With ``levels=[0.5]`` it is the
    regression of least absolute errors: the rival of a forecast that is scored by them, as
    `LinearAutoregression` is in squared error. X, Y and `known` are as there; windows with a gap
    are left out. Forecasts are (N, H, Q), not sorted: see `mend_crossing`.

    It is solved by the alternating direction method of multipliers (Boyd et al. 2011), all steps
    and levels at once: one decomposition of ``X' X``, then `iterations` times two products with X.
    Standardise first, as `Scaled` does: its speed depends on the scale.

    >>> X, Y = np.arange(5.0)[:, None], np.array([[0.0], [1.0], [2.0], [3.0], [40.0]])
    >>> LinearQuantiles([0.5]).fit(X, Y).predict(np.array([[4.0]])).round(3).tolist()
    [[[4.0]]]
    """

    def __init__(self, levels: ArrayLike, ridge: float = 1e-8, iterations: int = 300) -> None:
        if ridge < 0:
            raise ValueError(f"ridge is {ridge}; expected zero or a positive number")
        check_sizes(iterations=iterations)
        self.levels, self.ridge, self.iterations = check_levels(levels), ridge, iterations

    def fit(self, X: np.ndarray, Y: np.ndarray, known: np.ndarray | None = None) -> Self:
        """Start from least squares; split each error from its fit, and bring both together."""
        if Y.ndim != 2:
            raise ValueError(f"Y has shape {Y.shape}; expected (N, H)")
        X, self.horizon = flat(X, known), Y.shape[1]
        rows = np.isfinite(X).all(axis=1) & np.isfinite(Y).all(axis=1)
        if not rows.any():
            raise ValueError("X, Y have a missing value in every row; expected one without")
        X, Y = (X, Y) if rows.all() else (X[rows], Y[rows])
        self.x_mean = X.mean(axis=0)
        X = X - self.x_mean
        sizes, turn = np.linalg.eigh(X.T @ X)
        kept = sizes > 1e-12 * max(sizes.max(), 1e-300)
        sizes, turn = sizes[kept, None], turn[:, kept]
        turned = X @ turn
        y = np.repeat(Y, len(self.levels), axis=1)  # (N, H Q)
        tau = np.tile(self.levels, self.horizon)
        price = 2 * self.ridge * len(X)
        b = y.mean(axis=0)
        G = (turned.T @ (y - b)) / (sizes + price)
        fit = turned @ G + b
        e, u = y - fit, np.zeros_like(y)
        spread = np.maximum(e.std(axis=0), 1e-12)
        low, high = -(1 - tau) * spread, tau * spread
        for _ in range(self.iterations):
            target = y - e + u
            b = target.mean(axis=0)
            G = (turned.T @ target) / (sizes + price * spread)
            fit = turned @ G + b
            ahead = y - (1.6 * fit + (1 - 1.6) * (y - e)) + u  # over-relaxed
            e = ahead - np.clip(ahead, low, high)
            u = ahead - e
        self.W, self.b = turn @ G, b
        return self

    def predict(self, X: np.ndarray, known: np.ndarray | None = None) -> np.ndarray:
        """The forecasts (N, H, Q)."""
        check_fitted(self, "W")
        centred = flat(X, known) - self.x_mean
        forecasts = np.where(np.isfinite(centred), centred, 0.0) @ self.W + self.b
        return forecasts.reshape(len(X), self.horizon, len(self.levels))
