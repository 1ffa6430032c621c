"""Times: is a series regular, and if not, put it on a regular grid and say what is missing.

Times are numbers, NumPy datetimes, ISO strings, Python's dates and datetimes, or from pandas. Steps
are fixed, or follow the calendar: months on one day or at their ends, quarters, years, business
days, and in a time zone days of 23 or 25 hours.

**Clock changes.** Times in local time without a time zone lack an hour in spring, which then looks
like a gap, and have one twice in autumn. Four lines mend both:

>>> import pandas
>>> times = ["2024-10-27 01:00", "2024-10-27 02:00", "2024-10-27 02:00", "2024-10-27 03:00"]
>>> local = pandas.DatetimeIndex(times).tz_localize("Europe/Berlin", ambiguous="infer")
>>> grid, values, mask = regular_grid(local.tz_convert("UTC"), [5.0, 6.0, 7.0, 8.0], "1h")
>>> local_grid = grid.tz_convert("Europe/Berlin")
>>> known = np.stack([local_grid.hour, local_grid.day_of_week], axis=1)  # people live by the clock
>>> values.tolist(), known[:, 0].tolist()
([5.0, 6.0, 7.0, 8.0], [1, 2, 2, 3])

**Trading days** have no regular step, since holidays are left out. Count rows: give an
array without times, or say `times="rows"`.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rnnbook.forecasting._clock import HOUR, TOLERANCE, Clock, read_times
from rnnbook.forecasting._steps import (
    between,
    by_calendar,
    counted_on,
    duration,
    find_step,
    read_step,
    regular,
    times_from,
)
from rnnbook.forecasting.series import floats

CLOCKS = "see 'Clock changes' in the docstring of rnnbook.forecasting.times"


def check_times(times: ArrayLike, step: Any = None) -> Any:
    """The step between consecutive times, which must be the same throughout.

    `times` (L,) are of any kind that the module names; a pandas index will do, with `freq` or
    without. `step` is what they should increase by: a number, a duration, "1M" for months from any
    day on, or an offset of pandas such as "15min", "B" or "QE". Unless given it is the frequency of
    the index, or the step that most times follow. What is returned is a number, a NumPy duration
    (in months too), or of business days, periods and frequencies an offset of pandas. Numbers that
    are not whole may be off by a thousandth of a step, more than rounding ever makes of 0.1.

    Raises `ValueError` at the first time that is out of order, occurs twice, or comes too late (a
    gap) or too early.

    >>> check_times(["2000-01-31", "2000-02-29", "2000-03-31"])
    np.timedelta64(1,'M')
    >>> check_times(np.array(["2020-01-01", "2020-01-02", "2020-01-04"], "datetime64[D]"))
    Traceback (most recent call last):
    ...
    ValueError: times[2] is 2020-01-04, 2 days after times[1]; expected a step of 1 day: put times
    with gaps on a grid with regular_grid, or count rows, such as trading days, with times="rows"
    """
    clock = ordered(times)
    found = find_step(clock) if step is None else read_step(step, clock)
    check_regular(clock, found)
    if step is not None:
        return step
    return found if clock.period is None else found * clock.period.base


def check_regular(clock: Clock, step: Any) -> None:
    """Raise `ValueError` at the first time that is not one step after the one before."""
    wrong = np.flatnonzero(~regular(clock, step))
    if not wrong.size:
        return
    k = int(wrong[0])
    after = np.diff(counted_on(clock, step).values[k : k + 2])[0]
    period = "" if clock.period is None else " periods"
    raise ValueError(
        f"times[{k + 1}] is {label(clock, k + 1)}, {duration(after)}{period} after times[{k}]; "
        f"expected a step of {duration(step)}{period[:-1]}: {_remedy(clock, step, after)}"
    )


def _remedy(clock: Clock, step: Any, after: Any) -> str:
    months = by_calendar(clock, step)
    if months and np.all(np.diff(clock.values.astype("datetime64[M]")) == step):
        return 'each month has one row, so give months: np.array(times, "datetime64[M]")'
    forward = not months and _by_the_hour(clock) and after == step + HOUR
    return (
        "put times with gaps on a grid with regular_grid, or count rows, such as trading days, "
        'with times="rows"' + (f"; if clocks went forward, {CLOCKS}" if forward else "")
    )


def regular_grid(
    times: ArrayLike, values: ArrayLike, step: Any
) -> tuple[Any, np.ndarray, np.ndarray]:
    """An irregular series on a regular grid: grid times (L,), values NaN in gaps, and the mask.

    The grid runs from the first time to the last. `times` and `step` are as in `check_times`;
    `values` is (N,) or (N, D). The mask (L,) is True where something was measured: in a table in
    which single columns have gaps, `np.isfinite(values)` is the mask of each value. Nothing is
    interpolated. Times must be in order, without duplicates, and lie on the grid. The grid is a
    NumPy array, but where there is a time zone, or periods, of the kind that came. Local times
    without their time zone gain an hour in spring: see "Clock changes" above.

    >>> grid, values, mask = regular_grid([0, 1, 4], [5.0, np.nan, 7.0], step=1)
    >>> values.tolist(), mask.tolist()
    ([5.0, nan, nan, nan, 7.0], [True, False, False, False, True])
    >>> regular_grid(["2024-01-31", "2024-03-31"], [5.0, 6.0], "1M")[0]
    array(['2024-01-31', '2024-02-29', '2024-03-31'], dtype='datetime64[D]')
    """
    clock, values = ordered(times), floats(values, "values")
    if len(values) != len(clock.values):
        raise ValueError(
            f"values has {len(values)} rows; expected {len(clock.values)}, one for each time"
        )
    step = read_step(step, clock)
    places = _places(clock, step)
    grid_values = np.full((places[-1] + 1, *values.shape[1:]), np.nan)
    grid_values[places] = values
    mask = np.zeros(len(grid_values), bool)
    mask[places] = ~np.isnan(values.reshape(len(values), -1)).all(axis=1)
    return times_from(clock, step, 0, len(mask)), grid_values, mask


def _places(clock: Clock, step: Any) -> np.ndarray:
    """How many steps each time lies after the first."""
    counts, whole = between(clock, step)
    places = np.concatenate([[0], np.cumsum(counts)])
    if clock.values.dtype.kind == "f":  # steps may add up to a drift
        late = clock.values - (clock.values[0] + places * step)
        whole = whole & (np.abs(late[1:]) <= TOLERANCE * step)
    off = np.flatnonzero(~whole)
    if off.size:
        k = int(off[0]) + 1
        absolute = clock.wall and counted_on(clock, step) is clock and "day" in duration(step)
        raise ValueError(
            f"times[{k}] is {label(clock, k)}; expected a whole number of steps of "
            f"{duration(step)} after {label(clock, 0)}"
            + (": in a time zone say '1D', which may have 23 or 25 hours" if absolute else "")
        )
    return places


def ordered(times: ArrayLike) -> Clock:
    """Times (L,), two at least, that increase; raises `ValueError` otherwise."""
    shape = np.shape(times)
    if len(shape) != 1 or shape[0] < 2:
        raise ValueError(f"times has shape {shape}; expected (L,) with at least two times")
    clock = read_times(times)
    backward = np.flatnonzero(clock.values[1:] <= clock.values[:-1])
    if not backward.size:
        return clock
    k = int(backward[0])
    back = clock.values[k] - clock.values[k + 1]
    how, remedy = "before", "sort the rows by time"
    if clock.values[k + 1] == clock.values[k]:
        how, remedy = "the same as", "keep one row for each time"
    autumn = _by_the_hour(clock) and back <= HOUR
    raise ValueError(
        f"times[{k + 1}] is {label(clock, k + 1)}, {how} times[{k}]; "
        f"expected increasing times: {remedy}"
        + (f"; if clocks went back, {CLOCKS}" if autumn else "")
    )


def _by_the_hour(clock: Clock) -> bool:
    """Are these times of day without a time zone, which may be an hour off?"""
    local = clock.wall is None and clock.has_days
    return local and bool((clock.values != clock.values.astype("datetime64[D]")).any())


def label(clock: Clock, row: int) -> str:
    """The time of a row as an error writes it."""
    time = clock.label(clock.values[row : row + 1])[0]
    if isinstance(time, np.datetime64) and clock.has_days:
        return str(np.datetime_as_string(time, unit="auto"))
    return f"{time:.12g}" if isinstance(time, float) else str(time)
