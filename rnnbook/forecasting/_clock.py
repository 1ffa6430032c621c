"""Times as people write them, and as numbers that can be counted.

Numbers and NumPy's datetimes are taken as they are. pandas reads all the rest: ISO strings,
Python's dates and datetimes, and its own times, with a zone or without, and periods.
"""

import importlib
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

# Decimal fractions are not exact in binary, and seconds since 1970 in float64 are rounded to half
# a thousandth of a millisecond. Whoever records at a step notices no thousandth of it.
TOLERANCE = 1e-3

DAY, HOUR = np.timedelta64(1, "D"), np.timedelta64(1, "h")


class Clock(NamedTuple):
    """L times that can be compared and subtracted, and how to write others of their kind."""

    values: np.ndarray  # (L,): numbers, datetime64 or timedelta64; UTC where there is a time zone
    label: Callable[[np.ndarray], Any] = np.asarray  # from `values` to times of the kind that came
    wall: Any = None  # in a time zone: a `Clock` of what the clock on the wall showed
    period: Any = None  # what a period of pandas lasts: `values` are their ordinals
    freq: Any = None  # that of a pandas index that knows it

    @property
    def has_days(self) -> bool:
        """Are the times dates with days, no numbers, durations, or whole months?"""
        kind = self.values.dtype
        return kind.kind == "M" and np.datetime_data(kind)[0] not in ("Y", "M")


def load_pandas() -> Any:
    """The module, or a `ModuleNotFoundError` that says what needs it."""
    try:
        return importlib.import_module("pandas")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "strings, Python's dates, months and business days need pandas: pip install pandas",
            name="pandas",
        ) from error


def read_times(times: ArrayLike, name: str = "times") -> Clock:
    """Times (L,) of any kind as a `Clock`.

    Raises `ValueError` for a time that is missing or cannot be read, with its place, `TypeError`
    for what is no time.

    >>> read_times(["2024-01-31", "2024-02-29"]).values
    array(['2024-01-31', '2024-02-29'], dtype='datetime64[D]')
    """
    dtype = getattr(times, "dtype", None)
    if hasattr(dtype, "tz") or hasattr(dtype, "freq"):  # of pandas, which is then installed
        return _from_index(load_pandas().Index(times), name)
    array = np.asarray(times)
    if array.dtype.kind == "O":
        array = np.asarray(array.tolist())  # which may be numbers
    if array.dtype.kind in "OUT":
        return _from_index(_parsed(array.tolist(), name), name)
    if array.dtype.kind not in "iufMm":
        raise TypeError(f"{name} has dtype {array.dtype}; expected numbers, dates or datetimes")
    if array.dtype.kind in "uf":  # unsigned numbers can't be subtracted
        array = array.astype(np.int64 if array.dtype.kind == "u" else np.float64)
    _refuse_missing(~np.isfinite(array), name)
    return Clock(array, freq=getattr(times, "freq", None))


def _refuse_missing(missing: np.ndarray, name: str) -> None:
    if missing.any():
        raise ValueError(
            f"{name}[{missing.argmax()}] is missing; expected a time for every row: "
            "drop rows without one"
        )


def _parsed(moments: Sequence[Any], name: str) -> Any:
    """Strings, dates and datetimes as a pandas index."""
    pandas = load_pandas()
    dates = [m if isinstance(m, (str, date)) else None for m in moments]
    absolute = pandas.to_datetime(dates, format="ISO8601", errors="coerce", utc=True)
    unread = np.flatnonzero(absolute.isna()).tolist()
    if unread and moments[unread[0]] not in ("", None):
        raise ValueError(
            f"{name}[{unread[0]}] is {moments[unread[0]]!r}; expected an ISO date such as "
            "2024-01-31 or 2024-01-31T15:30: pandas.to_datetime reads other dates, "
            "pandas.PeriodIndex quarters"
        )
    try:
        return pandas.to_datetime(dates, format="ISO8601")
    except ValueError:  # several time zones, or some without
        naive = [k for k, m in enumerate(dates) if pandas.Timestamp(m).tzinfo is None]
    if naive:
        raise ValueError(
            f"{name}[{naive[0]}] is {moments[naive[0]]!r}, without a time zone; "
            "expected one, as others have"
        )
    return absolute


def _from_index(index: Any, name: str) -> Clock:
    _refuse_missing(index.isna(), name)
    if hasattr(index.dtype, "freq"):
        period = index.freq
        return Clock(index.asi8, lambda n: type(index).from_ordinals(n, freq=period), period=period)
    if index.tz is not None:
        return _from_zoned(index)
    days = index.to_numpy().astype("datetime64[D]")
    return Clock(days if (days == index).all() else index.to_numpy())


def _from_zoned(index: Any) -> Clock:
    pandas, wall = load_pandas(), index.tz_localize(None)

    def at_utc(times: Any) -> Any:
        return pandas.DatetimeIndex(times, tz="UTC").tz_convert(index.tz)

    def at_wall(times: Any) -> Any:  # an hour that comes twice is the first, one left out the next
        return pandas.DatetimeIndex(times).tz_localize(
            index.tz, ambiguous=np.ones(len(times), bool), nonexistent="shift_forward"
        )

    # Midnights that clocks jumped over, as in Beirut, come back.
    planned = wall.normalize() + usual((wall - wall.normalize()).to_numpy())
    shown = np.where(at_wall(planned) == index, planned, wall)
    utc = index.tz_convert(None).to_numpy()
    return Clock(utc, at_utc, wall=Clock(shown, at_wall), freq=index.freq)


def usual(values: np.ndarray) -> Any:
    """The median, the smaller of two; of floats the mean of all that are equal to it."""
    median = np.sort(values)[(len(values) - 1) // 2]
    if values.dtype.kind == "f":
        return float(values[np.abs(values - median) <= TOLERANCE * median].mean())
    return median if values.dtype.kind == "m" else int(median)
