"""Which step: the one that is given, or the one that most times follow."""

import re
from datetime import timedelta
from typing import Any

import numpy as np

from rnnbook.forecasting._clock import Clock
from rnnbook.forecasting.steps import (
    DAY,
    TOLERANCE,
    BusinessDays,
    Fixed,
    Months,
    Step,
    common_day,
    has_days,
    parts,
    regular,
)

MONTHS = {"M": 1, "ME": 1, "MS": 1, "Q": 3, "QE": 3, "QS": 3, "Y": 12, "YE": 12, "YS": 12}
UNITS: dict[str, Any] = {
    "W": "W",
    "D": "D",
    "h": "h",
    "H": "h",
    "min": "m",
    "s": "s",
    "S": "s",
    "ms": "ms",
}
UNITS |= {"us": "us", "ns": "ns"}


def find_step(clock: Clock) -> Step:
    """The step that most times follow; of several the one that comes first in `_candidates`."""
    return min(_candidates(clock), key=lambda step: int(np.sum(~regular(clock, step))))


def _candidates(clock: Clock) -> list[Step]:
    """Months before days: a year is one even where all are 365 days long."""
    fixed = Fixed(_usual(np.diff(clock.values)))
    if not has_days(clock):
        return [fixed]
    gap = _usual(np.diff(clock.wall))
    steps: list[Step] = []
    if gap >= 28 * DAY:
        steps.append(_months(clock))
    if clock.zoned and gap >= DAY and gap % DAY == 0 * DAY:
        steps.append(Fixed(gap.astype("timedelta64[D]"), wall=True))
    steps.append(fixed)
    if gap >= DAY:
        days = clock.wall.astype("datetime64[D]")
        steps.append(BusinessDays(max(1, _usual(np.busday_count(days[:-1], days[1:])))))
    return steps


def _usual(gaps: np.ndarray) -> Any:
    """The median gap, the smaller of two; of floats the mean of those equal but for rounding."""
    median = np.sort(gaps)[(len(gaps) - 1) // 2]
    if gaps.dtype.kind != "f":
        return median if gaps.dtype.kind == "m" else int(median)
    alike = gaps[np.abs(gaps - median) <= TOLERANCE * median]
    return float(alike.mean() if np.ptp(alike) > 0 else median)


def _months(clock: Clock, count: int | None = None) -> Months:
    """Steps of months, on the day of the month that most times fall on."""
    months, days, _ = parts(clock.wall)
    count = count or max(1, _usual(np.diff(months.astype(int))))
    return Months(count, common_day(months, days))


def read_step(step: Any, clock: Clock) -> Step:
    """The step that a caller gives, for these times.

    A number for times that are numbers or periods. Otherwise a duration: that of NumPy, Python or
    pandas, an offset of pandas, or text such as "15min", "1h", "7D", "1M", "1Q", "1Y" or "1B", for
    business days.

    >>> from rnnbook.forecasting._clock import read_times
    >>> read_step("1Q", read_times(["2024-03-31", "2024-06-30"]))
    Months(months=3, day=31)
    """
    size = _size(step)
    numbers = clock.values.dtype.kind in "if"
    if numbers == isinstance(size, (np.timedelta64, BusinessDays)):
        kind = "periods" if clock.period is not None else "numbers" if numbers else "times"
        expected = "a number" if numbers else "a duration such as '1h' or np.timedelta64(1, 'h')"
        raise TypeError(f"step is {step!r} for {kind}; expected {expected}")
    if not _positive(size):
        raise ValueError(f"step is {step}; expected a positive step")
    if isinstance(size, BusinessDays):
        _check_days(step, clock)
        return size
    if not isinstance(size, np.timedelta64):
        return Fixed(size)
    unit = np.datetime_data(size)[0]
    if unit in ("Y", "M"):
        if not has_days(clock):
            return Fixed(size)
        return _months(clock, int(size.astype("timedelta64[M]").astype(int)))
    if clock.values.dtype.kind == "M":
        _check_days(step, clock)
    return Fixed(size, wall=clock.zoned and unit in ("D", "W"))


def _positive(size: Any) -> bool:
    if isinstance(size, BusinessDays):
        return size.days > 0
    return bool(size > np.zeros_like(size))


def _check_days(step: Any, clock: Clock) -> None:
    if not has_days(clock):
        dtype = clock.values.dtype
        raise ValueError(
            f"step is {step} for times of dtype {dtype}; expected months, such as '1M', or years"
        )


def _size(step: Any) -> Any:
    """A number, a NumPy duration, or business days."""
    if isinstance(step, str):
        return _from_text(step, step)
    if hasattr(step, "freqstr"):  # an offset of pandas
        return _from_text(step.freqstr, step)
    if hasattr(step, "to_timedelta64"):  # a pandas Timedelta has nanoseconds
        return step.to_timedelta64()
    if isinstance(step, timedelta):
        return np.timedelta64(step)
    if isinstance(step, (np.timedelta64, BusinessDays)):
        return step
    if isinstance(step, (int, float, np.number)) and not isinstance(step, bool):
        return step.item() if isinstance(step, np.number) else step
    raise TypeError(
        f"step is {step!r}; expected a number, a duration of NumPy, Python or pandas, or text"
    )


def _from_text(text: str, step: Any) -> Any:
    """`15min`, `MS`, `QE-DEC`: a number, if it is not 1, and a unit."""
    found = re.fullmatch(r"(\d*) ?([A-Za-z]+)(-[A-Z]{3})?", text)
    count, unit = (int(found[1] or 1), found[2]) if found else (0, "")
    if unit in MONTHS:
        return np.timedelta64(count * MONTHS[unit], "M")
    if unit in UNITS:
        return np.timedelta64(count, UNITS[unit])
    if unit == "B":
        return BusinessDays(count)
    raise ValueError(
        f"step is {step!r}; expected a number and a unit, such as '1h': one of "
        f"{', '.join([*UNITS, *MONTHS, 'B'])}"
    )
