"""One model for each group of windows."""

from collections.abc import Callable
from typing import Self

import numpy as np

from rnnbook.forecasting.baselines import check_fitted
from rnnbook.forecasting.model import Model, fit_model, predict_model


class ByGroup:
    """One model, from `make()`, for each group of windows, such as those of one hour of the day.

    `group(X, known)` gives each window a number (N,). A linear model for each hour of the day may
    weigh the wind at night otherwise than at noon, which one for all hours can't.

    >>> from rnnbook.forecasting import LinearAutoregression
    >>> X, Y = np.array([[-2.0], [-1.0], [1.0], [2.0]]), np.array([[2.0], [1.0], [1.0], [2.0]])
    >>> model = ByGroup(LinearAutoregression, lambda X, known: X[:, 0] > 0)
    >>> model.fit(X, Y).predict(np.array([[-3.0], [3.0]])).round(3).tolist()
    [[3.0], [3.0]]
    """

    def __init__(
        self,
        make: Callable[[], Model],
        group: Callable[[np.ndarray, np.ndarray | None], np.ndarray],
    ) -> None:
        self.make, self.group = make, group

    def fit(self, X: np.ndarray, Y: np.ndarray, known: np.ndarray | None = None) -> Self:
        """Fit a model for each group that occurs."""
        groups = self._groups(X, known)
        self.models: dict[float, Model] = {}
        for name in np.unique(groups).tolist():
            rows, model = groups == name, self.make()
            fit_model(model, X[rows], Y[rows], None if known is None else known[rows])
            self.models[name] = model
        return self

    def predict(self, X: np.ndarray, known: np.ndarray | None = None) -> np.ndarray:
        """The forecasts of the models, each for its windows."""
        check_fitted(self, "models")
        groups = self._groups(X, known)
        found: dict[float, np.ndarray] = {}
        for name in np.unique(groups).tolist():
            if name not in self.models:
                raise ValueError(f"X has windows of group {name!r}; there were none in fit")
            rows = groups == name
            found[name] = predict_model(
                self.models[name], X[rows], None if known is None else known[rows]
            )
        if not found:
            raise ValueError("X has no window; expected one at least")
        forecasts = np.empty((len(X), *next(iter(found.values())).shape[1:]))
        for name, values in found.items():
            forecasts[groups == name] = values
        return forecasts

    def _groups(self, X: np.ndarray, known: np.ndarray | None) -> np.ndarray:
        groups = np.asarray(self.group(X, known))
        if groups.shape != (len(X),):
            raise ValueError(
                f"group(X, known) has shape {groups.shape}; expected {(len(X),)}, "
                "one for each window"
            )
        return groups
