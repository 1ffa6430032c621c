"""Which columns of a table are to be forecast, by number or by name."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from rnnbook.forecasting.baselines import EmpiricalQuantiles, Naive, SeasonalNaive
from rnnbook.forecasting.scaled import Scaled

Target = int | str | Hashable | Sequence[int | str] | None


def target_columns(series: Any, target: Target, shape: tuple[int, ...]) -> int | list[int] | None:
    """The number of the column, or of several those in a list; `None` for a series (L,).

    >>> target_columns(np.zeros((5, 3)), [2, 0], (5, 3))
    [2, 0]
    """
    if len(shape) == 1:
        if target is not None:
            raise ValueError(f"target is {target!r}; expected None for a series of one variable")
        return None
    if target is None:
        raise ValueError(
            f"series has shape {shape}; expected (L,), or (L, D) with target, "
            "the column to forecast"
        )
    if not isinstance(target, (list, np.ndarray)):
        return _number(series, target, shape[1])
    columns = [_number(series, one, shape[1]) for one in target]
    if not columns or len(set(columns)) < len(columns):
        raise ValueError(f"target is {target!r}; expected one column or several, each once")
    return columns


def _number(series: Any, target: Any, count: int) -> int:
    names = list(getattr(series, "columns", []))
    if isinstance(target, (int, np.integer)) and not isinstance(target, bool):
        named = names.index(target) if target in names else target
        if 0 <= target < count and named != target:
            raise ValueError(
                f"target is {target}, the name of column number {named}, but column number "
                f"{target} is named {names[target]!r}; expected only one of both: "
                "series.rename(columns=str), and a name or a number"
            )
        if not 0 <= target < count and named == target:
            raise ValueError(f"target is {target}; expected a column from 0 to {count - 1}")
        return int(named)
    if names.count(target) == 1:
        return names.index(target)
    expected = "one of " + ", ".join(map(repr, names)) if names else f"0 to {count - 1}"
    raise ValueError(f"target is {target!r}; expected {expected}, or several in a list")


def check_model_target(model: Any, columns: int | list[int] | None) -> None:
    """Raise `ValueError` where a model of this package looks at another column than is forecast."""
    if isinstance(model, (Naive, SeasonalNaive, Scaled)) and columns is not None:
        theirs = np.asarray(model.target).tolist()
        if theirs != columns:
            name = type(model).__name__
            raise ValueError(
                f"{name} has target {theirs}; expected {columns}, the column to forecast: "
                f"{name}(..., target={columns})"
            )
    if isinstance(model, (EmpiricalQuantiles, Scaled)):
        check_model_target(model.model, columns)
