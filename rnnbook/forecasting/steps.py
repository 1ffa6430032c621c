"""Steps from one time to the next: of a fixed length, of months, or of business days.

Each kind counts the steps between neighbouring times (`between`) and goes on from a time (`run`).
"""

from datetime import timedelta
from typing import Any, NamedTuple

import numpy as np

from rnnbook.forecasting._clock import Clock

# Decimal fractions are not exact in binary, and seconds since 1970 in float64 are rounded to half
# a thousandth of a millisecond. Whoever records at a step notices no thousandth of it.
TOLERANCE = 1e-3

DAY = np.timedelta64(1, "D")


class Fixed(NamedTuple):
    """Steps of one length: a number, or a duration. On the `wall` a day may have 23 or 25 hours."""

    size: Any
    wall: bool = False

    def between(self, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How many steps lie between neighbours (L - 1,), and whether they are whole."""
        gaps = np.diff(times)
        if gaps.dtype.kind == "m" or (gaps.dtype.kind == "i" and isinstance(self.size, int)):
            counts, rest = np.divmod(gaps, self.size)
            return counts, rest == np.zeros_like(rest)
        counts = np.rint(gaps / self.size)
        whole = (np.abs(gaps - counts * self.size) <= TOLERANCE * self.size) & (counts > 0)
        return counts.astype(int), whole

    def run(self, first: Any, count: int) -> np.ndarray:
        """So many times from `first` on."""
        return first + np.arange(count) * self.size

    def __str__(self) -> str:
        return duration(self.size)


class Months(NamedTuple):
    """Steps of so many months, always on one `day` of the month, or the last where it has fewer.

    With 31 these are the ends of months.
    """

    months: int
    day: int

    @property
    def size(self) -> np.timedelta64:
        """As a duration of NumPy."""
        return np.timedelta64(self.months, "M")

    @property
    def wall(self) -> bool:
        """Days are those of the clock on the wall."""
        return True

    def between(self, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How many steps lie between neighbours (L - 1,), and whether they are whole."""
        months, days, since_midnight = parts(times)
        on = (days == np.minimum(self.day, _lengths(months))) & same_as_first(since_midnight)
        counts, rest = np.divmod(np.diff(months.astype(int)), self.months)
        return counts, (rest == 0) & on[1:] & on[:-1]

    def run(self, first: np.datetime64, count: int) -> np.ndarray:
        """So many times from `first` on."""
        month, _, since_midnight = parts(np.array([first]))
        months = month + np.arange(count) * self.months
        days = months.astype("datetime64[D]") + np.minimum(self.day, _lengths(months)) - 1
        return (days + since_midnight).astype(first.dtype)

    def __str__(self) -> str:
        return duration(self.size)


class BusinessDays(NamedTuple):
    """A step of so many business days, Monday to Friday. Holidays count: they are gaps.

    >>> str(BusinessDays(1))
    '1 business day'
    """

    days: int = 1

    @property
    def wall(self) -> bool:
        """Days are those of the clock on the wall."""
        return True

    def between(self, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How many steps lie between neighbours (L - 1,), and whether they are whole."""
        days = times.astype("datetime64[D]")
        on = np.is_busday(days) & same_as_first(times - days)
        counts, rest = np.divmod(np.busday_count(days[:-1], days[1:]), self.days)
        return counts, (rest == 0) & on[1:] & on[:-1]

    def run(self, first: np.datetime64, count: int) -> np.ndarray:
        """So many times from `first` on."""
        day = first.astype("datetime64[D]")
        days = np.busday_offset(day, np.arange(count) * self.days, roll="backward")
        return (days + (first - day)).astype(first.dtype)

    def __str__(self) -> str:
        return f"{self.days} business day" + "s" * (self.days > 1)


Step = Fixed | Months | BusinessDays


def counted_on(clock: Clock, step: Step) -> np.ndarray:
    """The times that the step counts on: what the wall clock shows, or absolute ones."""
    return clock.wall if step.wall else clock.values


def regular(clock: Clock, step: Step) -> np.ndarray:
    """Is each time one step after the one before? (L - 1,)"""
    counts, whole = step.between(counted_on(clock, step))
    return whole & (counts == 1)


def labels_from(clock: Clock, step: Step, row: int, count: int) -> Any:
    """So many times from row `row` on, of the kind that came."""
    times = step.run(counted_on(clock, step)[row], count)
    return clock.label_wall(times) if step.wall else clock.label(times)


def has_days(clock: Clock) -> bool:
    """Are the times dates with days, no numbers, durations, or whole months?"""
    kind = clock.values.dtype
    return kind.kind == "M" and np.datetime_data(kind)[0] not in ("Y", "M")


def common_day(months: np.ndarray, days: np.ndarray) -> int:
    """The day of the month that most times fall on; the last, 31, if they are ends of months."""
    choices = np.arange(1, 32)
    on = (days == np.minimum(choices[:, None], _lengths(months))).sum(axis=1)
    return int(choices[on == on.max()][-1])


def duration(size: Any) -> str:
    """A number or a duration as text, in the largest unit that is exact.

    >>> duration(np.timedelta64(7200, "s")), duration(np.timedelta64(1, "M"))
    ('2 hours', '1 month')
    """
    if isinstance(size, timedelta):
        size = np.timedelta64(size)
    if not isinstance(size, np.timedelta64):
        return f"{size:.12g}" if isinstance(size, float) else str(size)
    text = str(in_largest_unit(size))
    return text[:-1] if text.startswith(("1 ", "-1 ")) else text


def in_largest_unit(size: np.timedelta64, units: tuple[str, ...] = ("D", "h", "m", "s")) -> Any:
    """The same duration, in the first of the units that is exact, or as it is."""
    if np.datetime_data(size)[0] in ("Y", "M"):
        return size
    for unit in units:
        exact = size.astype(f"timedelta64[{unit}]")
        if exact == size:
            return exact
    return size


def parts(times: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The month, the day in it, from 1 on, and the time since midnight."""
    months, midnights = times.astype("datetime64[M]"), times.astype("datetime64[D]")
    return months, (midnights - months).astype("timedelta64[D]").astype(int) + 1, times - midnights


def _lengths(months: np.ndarray) -> np.ndarray:
    """How many days the months have."""
    return ((months + 1).astype("datetime64[D]") - months.astype("datetime64[D]")).astype(int)


def same_as_first(values: np.ndarray) -> np.ndarray:
    """Which values are equal to the first?"""
    return values == values[0]
