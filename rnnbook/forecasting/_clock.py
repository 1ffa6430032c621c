"""Times as people write them, and as numbers that can be counted.

Times come as numbers, NumPy datetimes of any unit, ISO strings, Python's dates and datetimes, or
from pandas: an index or a column of datetimes, with a time zone or without, or of periods. Each is
read into a `Clock`, and what is computed from it is written in the kind that came.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

ISO = re.compile(r"\d{4}-\d\d(-\d\d([T ]\d\d.*)?)?$")
YEAR = re.compile(r"\d{4}$|(NaT)?$")  # or none; NumPy would read 20240131 as a year, too
ZONE = re.compile(r"\d\d:\d\d.*(Z|[+-]\d\d(:?\d\d)?)$")  # the end of 2024-01-31T15:30+01:00


class Clock(NamedTuple):
    """L times that can be compared and subtracted, and how to write others of their kind."""

    values: np.ndarray  # (L,): numbers, datetime64 or timedelta64; UTC where there is a time zone
    wall: np.ndarray  # (L,): what the clock on the wall showed, or would have shown, had it not
    # jumped over that time; `values` without a time zone
    label: Callable[[np.ndarray], Any]  # from `values` to times of the kind that came
    label_wall: Callable[[np.ndarray], Any]  # the same from `wall`
    period: Any = None  # what a period lasts, of a pandas index of periods
    index: Any = None  # the pandas index, where that knows its own frequency

    @property
    def zoned(self) -> bool:
        """Is there a time zone?"""
        return self.wall is not self.values


def read_times(times: ArrayLike, name: str = "times") -> Clock:
    """Times (L,) of any kind as a `Clock`.

    Raises `ValueError` for a time that is missing or cannot be read, `TypeError` for what is no
    time, both with its place.

    >>> read_times(["2024-01-31", "2024-02-29"]).values
    array(['2024-01-31', '2024-02-29'], dtype='datetime64[D]')
    """
    dtype = getattr(times, "dtype", None)
    if getattr(dtype, "freq", None) is not None:
        clock = _from_periods(times)
    elif getattr(dtype, "tz", None) is not None:
        clock = _from_zoned_index(times)
    else:
        clock = _from_array(times, name)
    missing = np.flatnonzero(_missing(clock))
    if missing.size:
        raise ValueError(
            f"{name}[{missing[0]}] is missing; expected a time for every row: drop rows without one"
        )
    return clock


def _missing(clock: Clock) -> np.ndarray:
    if clock.period is not None:
        return clock.values == np.iinfo(np.int64).min  # how pandas stores a period that is missing
    if clock.values.dtype.kind == "i":
        return np.zeros(clock.values.shape, bool)
    return ~np.isfinite(clock.values)


def _from_array(times: Any, name: str) -> Clock:
    array = np.asarray(times)
    if array.dtype.kind in "OUT":
        moments: list[Any] = array.tolist() if array.ndim == 1 else [None]
        if all(isinstance(m, datetime) and m.tzinfo is not None for m in moments):
            return _from_zoned_datetimes(moments)
        if all(isinstance(m, str) for m in moments) and any(map(ZONE.search, moments)):
            return _from_zoned_strings(moments, name)
        array = _from_objects(moments, name)
    if array.dtype.kind not in "iufMm":
        raise TypeError(f"{name} has dtype {array.dtype}; expected numbers, dates or datetimes")
    if array.dtype.kind in "uf":  # unsigned numbers can't be subtracted
        array = array.astype(np.int64 if array.dtype.kind == "u" else np.float64)
    index = times if getattr(times, "freq", None) is not None else None
    return Clock(array, array, np.asarray, np.asarray, index=index)


def _from_objects(moments: Sequence[Any], name: str) -> np.ndarray:
    """Strings, dates, datetimes without a time zone, or numbers in an array of objects."""
    if all(isinstance(m, str) for m in moments):
        return _from_strings(moments, name)
    if all(isinstance(m, datetime) and m.tzinfo is None for m in moments):
        return np.array(moments, "datetime64[us]")
    if all(isinstance(m, date) and not isinstance(m, datetime) for m in moments):
        return np.array(moments, "datetime64[D]")
    if all(isinstance(m, (int, float, np.number, np.datetime64)) for m in moments):
        return np.array(moments)
    kinds = ", ".join(sorted({_kind(m) for m in moments}))
    raise TypeError(
        f"{name} holds {kinds}; expected times of one kind: numbers, dates, datetimes (all with a "
        "time zone, or none), ISO strings, or an index of pandas"
    )


def _kind(moment: Any) -> str:
    zoned = isinstance(moment, datetime) and moment.tzinfo is not None
    return type(moment).__name__ + (" with a time zone" if zoned else "")


def _from_strings(strings: Sequence[str], name: str) -> np.ndarray:
    if all(map(_has_form_of_date, strings)):
        try:
            return np.array(strings, "datetime64")
        except ValueError:
            pass  # the error below says which it was
    return np.array([_parsed(np.datetime64, s, f"{name}[{k}]") for k, s in enumerate(strings)])


def _has_form_of_date(string: str) -> bool:
    return bool(ISO.match(string) or YEAR.match(string))


def _parsed(parse: Callable[[str], Any], string: str, name: str) -> Any:
    try:
        if _has_form_of_date(string):
            return parse(string)
    except ValueError:
        pass
    raise ValueError(
        f"{name} is {string!r}; expected an ISO date such as 2024-01-31 or 2024-01-31T15:30: "
        "pandas.to_datetime reads other dates, pandas.PeriodIndex quarters"
    )


def _from_zoned_strings(strings: Sequence[str], name: str) -> Clock:
    moments = [_parsed(datetime.fromisoformat, s, f"{name}[{k}]") for k, s in enumerate(strings)]
    naive = [k for k, moment in enumerate(moments) if moment.tzinfo is None]
    if naive:
        raise ValueError(
            f"{name}[{naive[0]}] is {strings[naive[0]]!r}, without a time zone; "
            "expected one, as others have"
        )
    return _from_zoned_datetimes(moments)


def _from_zoned_datetimes(moments: Sequence[datetime]) -> Clock:
    zones = {m.tzinfo for m in moments}
    zone = zones.pop() if len(zones) == 1 else UTC
    moments = [m.astimezone(zone) for m in moments]
    wall = np.array([m.replace(tzinfo=None) for m in moments], "datetime64[us]")

    def label(values):
        moments = values.astype("datetime64[us]").tolist()
        return _objects([m.replace(tzinfo=UTC).astimezone(zone) for m in moments])

    def label_wall(wall):  # by way of UTC, where every time is one that there is
        moments = wall.astype("datetime64[us]").tolist()
        return _objects([m.replace(tzinfo=zone).astimezone(UTC).astimezone(zone) for m in moments])

    def absolute(moments):
        return np.array([m.astimezone(UTC).replace(tzinfo=None) for m in moments], "datetime64[us]")

    values, planned = absolute(moments), _daily(wall)
    wall = np.where(absolute(label_wall(planned)) == values, planned, wall)
    return Clock(values, wall, label, label_wall)


def _daily(wall: np.ndarray) -> np.ndarray:
    """On every day the time of day that is usual, though clocks may have jumped over it."""
    midnights = wall.astype("datetime64[D]")
    return midnights + np.sort(wall - midnights)[(len(wall) - 1) // 2]


def _objects(moments: Sequence[datetime]) -> np.ndarray:
    array = np.empty(len(moments), object)
    array[:] = moments
    return array


def _from_zoned_index(times: Any) -> Clock:
    import pandas  # is installed: the times are its own

    index = pandas.DatetimeIndex(times)

    def label(values):
        return pandas.DatetimeIndex(values).tz_localize("UTC").tz_convert(index.tz)

    def label_wall(wall):
        first = np.ones(len(wall), bool)  # of an hour that comes twice
        return pandas.DatetimeIndex(wall).tz_localize(
            index.tz, ambiguous=first, nonexistent="shift_forward"
        )

    values = index.tz_convert("UTC").tz_localize(None).to_numpy()
    wall = index.tz_localize(None).to_numpy()
    planned = _daily(wall)
    wall = np.where(label_wall(planned) == index, planned, wall)
    return Clock(values, wall, label, label_wall, index=index if index.freq is not None else None)


def _from_periods(times: Any) -> Clock:
    import pandas  # is installed: the times are its own

    index = pandas.PeriodIndex(times)

    def label(numbers):
        return pandas.PeriodIndex.from_ordinals(numbers, freq=index.freq)

    return Clock(index.asi8, index.asi8, label, label, period=index.freq)
