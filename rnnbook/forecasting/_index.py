"""The times of a series: the time of each row, of the rows to come, and the row of a date."""

from datetime import date
from typing import Any, NamedTuple

import numpy as np

from rnnbook._check import check_sizes
from rnnbook.forecasting._clock import TOLERANCE, Clock, load_pandas, read_times
from rnnbook.forecasting._labels import check_one_series, dates, labels, numbers
from rnnbook.forecasting._steps import find_step, times_from
from rnnbook.forecasting.times import check_regular, label, ordered


class Index(NamedTuple):
    """The times of the L rows of a series, and the step between them, if it has any."""

    length: int
    clock: Clock | None
    step: Any  # None where rows are counted

    def at(self, rows: np.ndarray) -> np.ndarray:
        """The times of rows, in the shape of `rows`; without times their numbers."""
        if self.clock is None:
            return rows
        return np.asarray(self.clock.label(self.clock.values))[rows]

    def ahead(self, horizon: int) -> Any:
        """The times of the `horizon` steps after the last; where rows are counted their numbers."""
        if self.clock is not None and self.step is not None:
            return times_from(self.clock, self.step, self.length - 1, horizon + 1)[1:]
        return np.arange(self.length, self.length + horizon)

    def row(self, start: Any) -> int:
        """The row number `start`, or the first row that is not before the date `start`.

        >>> days = ["2024-01-30", "2024-01-31", "2024-02-01"]
        >>> series_index([5.0, 6.0, 7.0], days, 3).row("2024-02")
        2
        """
        if not isinstance(start, (str, date, np.datetime64)) and not hasattr(start, "ordinal"):
            check_sizes(start=start)
            return int(start)
        if self.clock is None or (
            self.clock.period is None and self.clock.values.dtype.kind != "M"
        ):
            raise TypeError(
                f"start is {start!r}; expected a row number, or dates to look it up in: "
                "as the index of series, or as times"
            )
        late = _not_before(self.clock, start)
        if not late.any():
            last = label(self.clock, self.length - 1)
            raise ValueError(
                f"start is {start}; expected a date up to {last}, that of the last row"
            )
        return int(np.argmax(late))


def series_index(series: Any, times: Any, length: int) -> Index:
    """The times of a series of `length` rows, checked.

    `times` (L,) are in order and regular, or `ValueError` is raised: so are the dates in the index
    of a pandas series or table. An index that knows its `freq` has only to be in order, and with
    `times="rows"` any index of dates has. An index of numbers is checked alike, so that no row is
    left out unsaid, but names no times.
    """
    check_one_series("series", series)
    rows = isinstance(times, str) and times == "rows"
    if times is None:
        _check_counted(numbers(labels(series)))
    if rows or times is None:
        times = dates(labels(series))
    elif np.shape(times) != (length,):
        raise ValueError(
            f"times has shape {np.shape(times)}; expected ({length},), one for each row, or 'rows'"
        )
    if times is None or length < 2:
        return Index(length, None, None)
    clock = ordered(times)
    if rows:
        return Index(length, clock, None)
    step = find_step(clock)
    check_regular(clock, step)
    return Index(length, clock, step)


def _check_counted(index: Any) -> None:
    """Raise `ValueError` where the numbers in an index leave rows out, or have them mixed."""
    if index is None or len(index) < 3:
        return
    gaps = np.diff(read_times(index, "series.index").values)
    step = np.sort(gaps)[len(gaps) // 2]
    tolerance = TOLERANCE * abs(step) if gaps.dtype.kind == "f" else 0
    wrong = np.flatnonzero(np.abs(gaps - step) > tolerance)
    if wrong.size:
        k = int(wrong[0])
        raise ValueError(
            f"series.index[{k + 1}] is {index[k + 1]}, after {index[k]}; expected steps of {step}: "
            "put rows with gaps on a grid with regular_grid, or say that rows are to be counted "
            'with times="rows"'
        )


def check_ahead(known: Any, index: Index, ahead: Any) -> None:
    """Raise `ValueError` where the last rows of `known` have other dates than what is forecast."""
    days = dates(labels(known))
    if days is None or index.step is None or len(days) != index.length + len(ahead):
        return
    if not (np.asarray(days[index.length :]) == np.asarray(ahead)).all():
        raise ValueError(
            f"known ends at {days[-1]}; expected {ahead[-1]}, the last time that is forecast"
        )


def _not_before(clock: Clock, start: Any) -> np.ndarray:
    if clock.period is not None:
        return clock.values >= load_pandas().Period(start, clock.period).ordinal
    moment = read_times([start], "start")
    if moment.wall is None:
        return (clock.wall or clock).values >= moment.values[0]
    if clock.wall is None:
        raise TypeError(f"start is {start}; expected a date without a time zone, as times are")
    return clock.values >= moment.values[0]
