"""Times: is a series regular, and if not, put it on a regular grid and say what is missing."""

import numpy as np


def check_times(times, step=None):
    """The step between consecutive times, which must increase by the same amount throughout.

    `times` (L,) are numbers or datetimes (a pandas index will do); `step` is what they should
    increase by, the smallest difference unless given. Raises `ValueError` at the first time that
    is out of order, occurs twice, or comes too late (a gap) or too early.

    >>> check_times(np.array(["2020-01-01", "2020-01-02", "2020-01-04"], "datetime64[D]"))
    Traceback (most recent call last):
    ...
    ValueError: times[2] is 2020-01-04, 2 days after times[1]; expected a step of 1 days
    """
    times = _ordered(times)
    steps = np.diff(times)
    step = steps.min() if step is None else step
    wrong = np.flatnonzero(steps != step)
    if wrong.size:
        k = wrong[0]
        raise ValueError(
            f"times[{k + 1}] is {_text(times[k + 1])}, {_text(steps[k])} after times[{k}]; "
            f"expected a step of {_text(step)}"
        )
    return step


def check_index(series, times, length):
    """Raise `ValueError` unless `times` (L,), or a pandas index of times, are in order and regular.

    Without `times`, and unless `series` has such an index, nothing is checked. An index that knows
    its `freq`, such as months or business days, has only to increase.
    """
    if times is None:
        index = getattr(series, "index", None)  # of a list it is a method, of a table often numbers
        if getattr(getattr(index, "dtype", None), "kind", None) != "M":
            return
        times = index
    if np.shape(times) != (length,):
        raise ValueError(
            f"times has shape {np.shape(times)}; expected ({length},), one for each step"
        )
    if length < 2:
        return
    if getattr(times, "freq", None) is None:
        check_times(times)
    else:
        _ordered(times)


def regular_grid(times, values, step):
    """An irregular series on a regular grid: grid times (L,), values NaN in gaps, and the mask.

    The grid runs from the first time to the last. `values` is (N,) or (N, D); the mask (L,) is
    True where there was a row. Nothing is interpolated. Times must be in order, without
    duplicates, and lie on the grid.

    >>> grid, values, mask = regular_grid([0, 1, 4], [5.0, 6.0, 7.0], step=1)
    >>> values.tolist(), mask.tolist()
    ([5.0, 6.0, nan, nan, 7.0], [True, True, False, False, True])
    """
    times, values = _ordered(times), np.asarray(values, dtype=float)
    if len(values) != len(times):
        raise ValueError(f"values has {len(values)} rows; expected {len(times)}, one for each time")
    if not step > np.zeros_like(step):
        raise ValueError(f"step is {step}; expected a positive step")
    count, rest = np.divmod(times - times[0], step)
    off = np.flatnonzero(rest != np.zeros_like(rest))
    if off.size:
        k = off[0]
        raise ValueError(
            f"times[{k}] is {_text(times[k])}; "
            f"expected a whole number of steps of {_text(step)} after {_text(times[0])}"
        )
    places = count.astype(int)
    mask = np.zeros(places[-1] + 1, bool)
    mask[places] = True
    grid_values = np.full((len(mask), *values.shape[1:]), np.nan)
    grid_values[places] = values
    return times[0] + np.arange(len(mask)) * step, grid_values, mask


def _ordered(times):
    times = np.asarray(times)
    if times.ndim != 1 or len(times) < 2:
        raise ValueError(f"times has shape {times.shape}; expected (L,) with at least two times")
    forward = times[1:] > times[:-1]
    if not forward.all():
        k = int(np.argmin(forward))
        how = "the same as" if times[k + 1] == times[k] else "before"
        raise ValueError(
            f"times[{k + 1}] is {_text(times[k + 1])}, {how} times[{k}]; expected increasing times"
        )
    return times


def _text(time):
    """A time or a duration, in the largest unit that is exact."""
    if isinstance(time, np.datetime64):
        return np.datetime_as_string(time, unit="auto")
    if isinstance(time, np.timedelta64):
        for unit in ("D", "h", "m", "s"):
            if time % np.timedelta64(1, unit) == np.timedelta64(0, unit):
                return str(time.astype(f"timedelta64[{unit}]"))
    return str(time)
