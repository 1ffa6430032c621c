"""A series: what is in it, how it is split in time, and how it is scaled."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike

from rnnbook._check import check_sizes
from rnnbook.forecasting._labels import check_aligned, check_same_columns


def check_series(series: ArrayLike, name: str = "series") -> np.ndarray:
    """The series as a float array (L,); raises `ValueError` if it is not finite or not flat.

    `name` is what errors call it.

    >>> check_series([1, 2, np.nan])
    Traceback (most recent call last):
    ...
    ValueError: series[2] is nan; expected finite values: fill gaps or mask them first
    """
    values = floats(series, name)
    if values.ndim != 1:
        raise ValueError(f"{name} has shape {values.shape}; expected (L,), one value a step")
    return check_values(values, name=name)[0]


def check_values(
    series: ArrayLike, mask: ArrayLike | None = None, name: str = "series"
) -> tuple[np.ndarray, np.ndarray]:
    """The values (L,) or (L, D), NaN where missing, and which are there, Boolean, same shape.

    `mask` is (L,), or of the shape of `series`: True where a value was measured. What stands in
    a masked place is never looked at. Without a mask every value must be finite. `name` is what
    errors call the series. Dates, durations and complex numbers raise `TypeError`, and a mask from
    pandas whose rows are in another order `ValueError`.

    >>> values, present = check_values([[1, 2], [3, 0]], mask=[[True, True], [True, False]])
    >>> values.tolist()
    [[1.0, 2.0], [3.0, nan]]
    """
    values = floats(series, name)
    if values.ndim not in (1, 2):
        raise ValueError(f"{name} has shape {values.shape}; expected (L,) or (L, D)")
    check_aligned("mask", mask, series, name)
    check_same_columns("mask", mask, series, name)
    present = np.ones(values.shape, bool) if mask is None else _presence(mask, values.shape)
    bad = np.argwhere(present & ~np.isfinite(values))
    if len(bad):
        place = ", ".join(map(str, bad[0]))
        raise ValueError(
            f"{name}[{place}] is {values[tuple(bad[0])]}; "
            "expected finite values: fill gaps or mask them first"
        )
    return np.where(present, values, np.nan), present


def _presence(mask: ArrayLike, shape: tuple[int, ...]) -> np.ndarray:
    present = np.asarray(mask)
    if present.dtype != bool:
        raise TypeError(f"mask has dtype {present.dtype}; expected bool, True where measured")
    if present.shape not in (shape, shape[:1]):
        raise ValueError(f"mask has shape {present.shape}; expected {shape[:1]} or {shape}")
    if present.ndim < len(shape):
        present = np.repeat(present[:, None], shape[1], axis=1)
    return present


def floats(series: Any, name: str) -> np.ndarray:
    """A copy as floats; raises `TypeError` for what is no number, or a complex one."""
    if not hasattr(series, "columns"):
        return _numbers(series, f"{name} has")
    columns = [
        _numbers(series.iloc[:, k], f"{name} has column {c!r} of")
        for k, c in enumerate(series.columns)
    ]
    return np.stack(columns, axis=1) if columns else np.zeros(series.shape)


def _numbers(values: Any, place: str) -> np.ndarray:
    of_pandas = hasattr(values, "to_numpy")
    array: Any = values if of_pandas else np.asarray(values)
    objects = array.dtype.kind == "O"
    try:
        # Dates would become nanoseconds, and complex numbers lose a part.
        if (np.asarray(array.tolist()) if objects else array).dtype.kind not in "Mmc":
            if of_pandas:
                return array.to_numpy(dtype=float, na_value=np.nan, copy=True)
            return array.astype(float)
    except (TypeError, ValueError):
        pass
    raise TypeError(
        f"{place} dtype {array.dtype}; expected numbers: leave it out, or make numbers of it"
    )


def time_split(length: int, fractions: Sequence[float] = (0.6, 0.2, 0.2)) -> list[slice]:
    """Consecutive slices of a series in the given fractions: the past first, never shuffled.

    >>> time_split(10, (0.6, 0.2, 0.2))
    [slice(0, 6, None), slice(6, 8, None), slice(8, 10, None)]
    """
    check_sizes(length=length)
    if len(fractions) == 0 or min(fractions) <= 0 or not np.isclose(sum(fractions), 1):
        raise ValueError(f"fractions is {fractions}; expected positive numbers that add up to 1")
    ends = np.round(np.cumsum(fractions) * length).astype(int)
    if len(set(ends)) < len(ends):
        raise ValueError(f"length is {length}; too short for the fractions {fractions}")
    return [slice(int(a), int(b)) for a, b in zip([0, *ends[:-1]], ends, strict=True)]


def mean_and_std(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each column, without NaN. The deviation of a constant is 0, whatever its mean rounds to.

    >>> mean_and_std(np.array([[1.0, 0.1], [3.0, 0.1], [2.0, 0.1]]))[1].round(3)
    array([0.816, 0.   ])
    """
    constant = np.nanmin(values, axis=0) == np.nanmax(values, axis=0)
    return np.nanmean(values, axis=0), np.where(constant, 0.0, np.nanstd(values, axis=0))


class Standardizer(NamedTuple):
    """Subtract the mean, divide by the standard deviation: both of the *training* data only.

    For a table (L, D) both are (D,), one for each column.

    >>> scaler = Standardizer.fit([1.0, 3.0])
    >>> scaler.transform(np.array([5.0])), scaler.inverse(np.array([3.0]))
    (array([3.]), array([5.]))
    """

    mean: float | np.ndarray
    std: float | np.ndarray

    @classmethod
    def fit(cls, series: ArrayLike, mask: ArrayLike | None = None) -> Self:
        """Mean and standard deviation of what is there; no column may be constant."""
        values, present = check_values(series, mask)
        if not present.any(axis=0).all():
            raise ValueError("series has a column without a value; expected some in each")
        mean, std = mean_and_std(values)
        if (std == 0).any():
            which = "series" if std.ndim == 0 else f"series[:, {np.argmin(std)}]"
            raise ValueError(f"{which} is constant; expected some variation to scale by")
        return cls(float(mean), float(std)) if std.ndim == 0 else cls(mean, std)

    def transform(self, values: np.ndarray) -> np.ndarray:
        """To mean 0 and standard deviation 1."""
        return (values - self.mean) / self.std

    def inverse(self, values: np.ndarray) -> np.ndarray:
        """Back to the units of the series."""
        return values * self.std + self.mean
