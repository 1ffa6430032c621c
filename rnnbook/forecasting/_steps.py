"""Steps from one time to the next: which, how many, and to where.

A step is a number, a duration of NumPy (of months, too), or for all else an offset of pandas.
"""

import re
from datetime import timedelta
from importlib.util import find_spec
from typing import Any

import numpy as np

from rnnbook.forecasting._clock import DAY, TOLERANCE, Clock, load_pandas, usual

# From any day on; for pandas a "W" ends on Sunday.
FROM_ANY_DAY: dict[str, np.timedelta64] = {
    "W": np.timedelta64(7, "D"),
    "M": np.timedelta64(1, "M"),
    "Q": np.timedelta64(3, "M"),
    "Y": np.timedelta64(12, "M"),
}


def between(clock: Clock, step: Any) -> tuple[np.ndarray, np.ndarray]:
    """How many steps lie between neighbouring times (L - 1,), and whether they are whole."""
    times = counted_on(clock, step).values
    if by_calendar(clock, step):
        grid = _calendar(times, step, 0, end=times[-1] + 31 * DAY)
        on = np.isin(times, grid)
        return np.diff(np.searchsorted(grid, times)), on[1:] & on[:-1]
    gaps = np.diff(times)
    if gaps.dtype.kind == "m" or (gaps.dtype.kind == "i" and isinstance(step, int)):
        counts, rest = np.divmod(gaps, step)
        return counts.astype(int), rest == 0 * step
    counts = np.rint(gaps / step)
    whole = (np.abs(gaps - counts * step) <= TOLERANCE * step) & (counts > 0)
    return counts.astype(int), whole


def regular(clock: Clock, step: Any) -> np.ndarray:
    """Is each time one step after the one before? (L - 1,)"""
    counts, whole = between(clock, step)
    return whole & (counts == 1)


def times_from(clock: Clock, step: Any, row: int, count: int) -> Any:
    """So many times from that of a row on, of the kind that came."""
    clock = counted_on(clock, step)
    if by_calendar(clock, step):
        times = _calendar(clock.values, step, row, periods=count)
        return clock.label(times.astype(clock.values.dtype))
    return clock.label(clock.values[row] + np.arange(count) * step)


def counted_on(clock: Clock, step: Any) -> Clock:
    """In a time zone days, which may have 23 or 25 hours, are those of the clock on the wall."""
    of_days = hasattr(step, "freqstr") or _unit(step) in ("D", "W", "M")
    return clock.wall if clock.wall and of_days else clock


def by_calendar(clock: Clock, step: Any) -> bool:
    """Is it pandas that knows what comes next?"""
    return hasattr(step, "freqstr") or (clock.has_days and _unit(step) == "M")


def _calendar(times: np.ndarray, step: Any, row: int, **until: Any) -> np.ndarray:
    """Months lead from a day of one month to that of another, or to the last where it has fewer."""
    pandas = load_pandas()
    first = pandas.Timestamp(times[row])
    if _unit(step) != "M":
        return pandas.date_range(first, freq=step, **until).to_numpy()
    month_end = pandas.offsets.MonthEnd
    ends = pandas.date_range(first + month_end(0), freq=month_end(step.astype(int)), **until)
    early = np.maximum(ends.day - _day_of_month(pandas.DatetimeIndex(times)), 0)
    return (ends - pandas.to_timedelta(early, unit="D")).to_numpy()


def _day_of_month(times: Any) -> int:
    """The day that most times fall on; 31, the last, if they are ends of months."""
    choices = np.arange(31, 0, -1)[:, None]
    on = times.day.to_numpy() == np.minimum(choices, times.days_in_month.to_numpy())
    return int(choices[on.sum(axis=1).argmax(), 0])


def _unit(step: Any) -> str:
    return np.datetime_data(step)[0] if isinstance(step, np.timedelta64) else ""


def find_step(clock: Clock) -> Any:
    """That of a pandas index, or the step that most times follow.

    Months come before days: a year is one even where all are 365 days long.
    """
    if clock.freq is not None:
        return read_step(clock.freq, clock)
    gap = usual(np.diff(clock.values))
    if not clock.has_days:
        return gap
    gap = _in_largest_unit(gap, "hms" if clock.wall else "Dhms")
    dates = (clock.wall or clock).values.astype("datetime64[D]")
    days = usual(np.diff(dates))
    if days < DAY:
        return gap
    fixed = days < 28 * DAY and not clock.wall
    if fixed and (regular(clock, gap).all() or not find_spec("pandas")):
        return gap
    business_days = max(1, usual(np.busday_count(dates[:-1], dates[1:])))
    steps = [days] if clock.wall else []
    steps += [gap, load_pandas().offsets.BusinessDay(business_days)]
    if days >= 28 * DAY:
        months = usual(np.diff(dates.astype("datetime64[M]")))
        steps.insert(0, max(months, np.timedelta64(1, "M")))
    return min(steps, key=lambda step: int(np.sum(~regular(clock, step))))


def read_step(given: Any, clock: Clock) -> Any:
    """The step that a caller gives, for these times.

    A number for times that are numbers. For periods a number, too, or several of them, such as "3M"
    for months. Otherwise a duration of NumPy, Python or pandas,
    or an offset of pandas, such as "15min", "1h", "7D" or "1B". "1W", "1M", "1Q" and "1Y" lead from
    any day to the same day.

    >>> from rnnbook.forecasting._clock import read_times
    >>> read_step("1Q", read_times(["2024-03-31", "2024-06-30"]))
    np.timedelta64(3,'M')
    """
    step = given if clock.period is None else _of_periods(given, clock.period)
    step = _parsed(step)
    numbers = clock.values.dtype.kind in "if"
    if numbers != isinstance(step, (int, float)):
        kind = "periods" if clock.period is not None else "numbers" if numbers else "times"
        expected = "a number" if numbers else "a duration such as '1h' or np.timedelta64(1, 'h')"
        if clock.period is not None:
            expected += f", or of their unit, as in {load_pandas().PeriodDtype(clock.period)}"
        raise TypeError(f"step is {given!r} for {kind}; expected {expected}")
    size = getattr(step, "n", step)
    if not size > 0 * size:
        raise ValueError(f"step is {given}; expected a positive step")
    of_months = clock.values.dtype.kind == "M"
    if not (numbers or clock.has_days) and (_unit(step) in ("Y", "M", "")) != of_months:
        expected = "months, such as '1M', or years" if of_months else "a duration in days or less"
        dtype = clock.values.dtype
        raise ValueError(f"step is {given} for times of dtype {dtype}; expected {expected}")
    return step.astype("timedelta64[M]") if _unit(step) == "Y" else step


def _of_periods(step: Any, period: Any) -> Any:
    """How many periods "3M" or an offset is, if it is of their kind; a number stays one."""
    pandas = load_pandas()
    try:
        offset = pandas.Period(ordinal=0, freq=step).freq
    except (TypeError, ValueError):
        return step
    return offset.n if offset.base == period.base else step


def _parsed(step: Any) -> Any:
    """A number, a NumPy duration, or an offset of pandas that is none."""
    if isinstance(step, (timedelta, np.timedelta64)):
        return np.timedelta64(getattr(step, "asm8", step))  # which has nanoseconds, too, in pandas
    if isinstance(step, np.number):
        return step.item()
    if isinstance(step, (int, float)) and not isinstance(step, bool):
        return step
    if not isinstance(step, str) and not hasattr(step, "freqstr"):
        raise TypeError(
            f"step is {step!r}; expected a number, a duration of NumPy, Python or pandas, or text"
        )
    found = re.fullmatch(r"(\d*) ?([WMQY])", str(step))
    if found:
        return int(found[1] or 1) * FROM_ANY_DAY[found[2]]
    pandas = load_pandas()
    try:
        offset = pandas.tseries.frequencies.to_offset(step)
    except ValueError as error:
        raise ValueError(
            f"step is {step!r}; expected a number and a unit, such as '1h', '15min' or '1D', "
            "or another offset of pandas, such as '1B' for business days"
        ) from error
    if isinstance(offset, pandas.offsets.Day):
        return np.timedelta64(offset.n, "D")
    ticks = isinstance(offset, pandas.offsets.Tick)
    return pandas.Timedelta(offset).to_timedelta64() if ticks else offset


def duration(size: Any) -> str:
    """A number, a duration or an offset as text, in the largest unit that is exact.

    >>> duration(np.timedelta64(7200, "s")), duration(np.timedelta64(1, "M"))
    ('2 hours', '1 month')
    """
    if isinstance(size, float):
        return f"{size:.12g}"
    business = type(size).__name__ == "BusinessDay"
    text = f"{size.n} business days" if business else str(_in_largest_unit(size))
    return text[:-1] if text.startswith(("1 ", "-1 ")) else text


def _in_largest_unit(size: Any, units: str = "Dhms") -> Any:
    """A duration in the first of days, hours, minutes and seconds that is exact, or as it is."""
    if _unit(size) in ("Y", "M", ""):
        return size
    exact = (size.astype(f"timedelta64[{unit}]") for unit in units)
    return next((duration for duration in exact if duration == size), size)
