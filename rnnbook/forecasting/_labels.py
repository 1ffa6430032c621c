"""Labels of pandas: what goes together row by row must not be labelled otherwise."""

import re
from typing import Any

import numpy as np

ISO = re.compile(r"\d{4}-\d\d")
DATES = ("datetime64", "timedelta64", "datetime", "date", "period")  # as pandas names them
NUMBERS = ("integer", "floating")


def labels(values: Any, axis: str = "index") -> Any:
    """The index of a pandas series or table, or its columns; `None` for all else."""
    found = getattr(values, axis, None)  # a list has a method `index`
    return found if hasattr(found, "inferred_type") else None


def dates(index: Any) -> Any:
    """The index, if it holds times."""
    kind = getattr(index, "inferred_type", "")
    strings = kind == "string" and all(map(ISO.match, index))
    return index if strings or kind in DATES else None


def numbers(index: Any) -> Any:
    """The index, if it holds numbers, such as those of the rows."""
    return index if getattr(index, "inferred_type", "") in NUMBERS else None


def check_one_series(name: str, series: Any) -> None:
    """Raise `ValueError` for several series below each other, as in a table of many stocks."""
    index = labels(series)
    if index is not None and index.nlevels > 1:
        raise ValueError(
            f"{name} has an index of several levels; expected one series{_such_as(name, index)}"
        )


def _such_as(name: str, index: Any) -> str:
    level = next((k for k, part in enumerate(index.levels) if dates(part) is None), None)
    if level is None or not len(index):
        return ""
    which = index[0][level]
    which = f'"{which}"' if isinstance(which, str) else str(which)
    one = f"loc[{which}]" if level == 0 else f"xs({which}, level={level})"
    return f", such as {name}.{one}"


def check_aligned(name: str, table: Any, series: Any, other: str = "series") -> None:
    """Raise `ValueError` where two tables of pandas would be joined by row, but not by label.

    Dates must be the same; of all else a label that both have must stand in the same row. Only rows
    that both have are compared. Without labels, as in an array, rows are counted. `other` is what
    errors call `series`.
    """
    ours, theirs = labels(series), labels(table)
    if ours is None or theirs is None:
        return
    of_dates = dates(ours) is not None and dates(theirs) is not None
    rows = min(len(ours), len(theirs))
    if of_dates and _differ(ours[:rows], theirs[:rows]).any():
        raise ValueError(
            f"{name} has other dates in its index than {other}; expected the same: "
            f"{name}.reindex({other}.index)"
        )
    misplaced = _misplaced(ours, theirs)
    if misplaced is not None:
        raise ValueError(
            f"{name} has the label {theirs[misplaced]} in row {misplaced}, {other} has "
            f"{ours[misplaced]}; expected rows in the same order: {name}.reindex({other}.index), "
            f"or {name}.to_numpy() to go by rows alone"
        )


def check_same_columns(name: str, table: Any, series: Any, other: str) -> None:
    """Raise `ValueError` where a column that both tables have stands in another place."""
    ours, theirs = labels(series, "columns"), labels(table, "columns")
    if ours is None or theirs is None:
        return
    misplaced = _misplaced(ours, theirs)
    if misplaced is not None:
        raise ValueError(
            f"{name} has column {theirs[misplaced]!r} where {other} has {ours[misplaced]!r}; "
            f"expected the same order: {name}[{other}.columns]"
        )


def _misplaced(ours: Any, theirs: Any) -> int | None:
    """The first place at which labels differ, though the other side has one of them elsewhere."""
    rows = min(len(ours), len(theirs))
    first, second = ours[:rows], theirs[:rows]
    if first.equals(second) or ours.nlevels != theirs.nlevels:
        return None
    wrong = _differ(first, second) & (first.isin(theirs) | second.isin(ours))
    return int(wrong.argmax()) if wrong.any() else None


def _differ(ours: Any, theirs: Any) -> np.ndarray:
    return np.asarray(np.asarray(ours) != np.asarray(theirs))
