"""A series: what is in it, how it is split in time, and how it is scaled."""

from typing import NamedTuple

import numpy as np

from rnnbook._check import check_sizes


def check_series(series) -> np.ndarray:
    """The series as a float array (L,); raises `ValueError` if it is not finite or not flat.

    >>> check_series([1, 2, np.nan])
    Traceback (most recent call last):
    ...
    ValueError: series[2] is nan; expected finite values: fill gaps or mask them first
    """
    series = np.asarray(series, dtype=float)
    if series.ndim != 1:
        raise ValueError(f"series has shape {series.shape}; expected (L,), one value a step")
    return check_values(series)[0]


def check_values(series, mask=None) -> tuple[np.ndarray, np.ndarray]:
    """The values (L,) or (L, D), NaN where missing, and which are there, Boolean, same shape.

    `mask` is (L,), or of the shape of `series`: True where a value was measured. What stands in
    a masked place is never looked at. Without a mask every value must be finite.

    >>> values, present = check_values([[1, 2], [3, 0]], mask=[[True, True], [True, False]])
    >>> values.tolist()
    [[1.0, 2.0], [3.0, nan]]
    """
    values = np.array(series, dtype=float)
    if values.ndim not in (1, 2):
        raise ValueError(f"series has shape {values.shape}; expected (L,) or (L, D)")
    if mask is None:
        present = np.ones(values.shape, bool)
    else:
        present = np.asarray(mask)
        if present.dtype != bool:
            raise TypeError(f"mask has dtype {present.dtype}; expected bool, True where measured")
        if present.shape not in (values.shape, values.shape[:1]):
            raise ValueError(
                f"mask has shape {present.shape}; expected {values.shape[:1]} or {values.shape}"
            )
        if present.ndim < values.ndim:
            present = np.repeat(present[:, None], values.shape[1], axis=1)
    bad = np.argwhere(present & ~np.isfinite(values))
    if len(bad):
        place = ", ".join(map(str, bad[0]))
        raise ValueError(
            f"series[{place}] is {values[tuple(bad[0])]}; "
            "expected finite values: fill gaps or mask them first"
        )
    return np.where(present, values, np.nan), present


def time_split(length: int, fractions=(0.6, 0.2, 0.2)) -> list[slice]:
    """Consecutive slices of a series in the given fractions: the past first, never shuffled.

    >>> time_split(10, (0.6, 0.2, 0.2))
    [slice(0, 6, None), slice(6, 8, None), slice(8, 10, None)]
    """
    check_sizes(length=length)
    if min(fractions) <= 0 or not np.isclose(sum(fractions), 1):
        raise ValueError(f"fractions is {fractions}; expected positive numbers that add up to 1")
    ends = np.round(np.cumsum(fractions) * length).astype(int)
    if len(set(ends)) < len(ends):
        raise ValueError(f"length is {length}; too short for the fractions {fractions}")
    return [slice(int(a), int(b)) for a, b in zip([0, *ends[:-1]], ends, strict=True)]


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
    def fit(cls, series, mask=None):
        """Mean and standard deviation of what is there; no column may be constant."""
        values, present = check_values(series, mask)
        if not present.any(axis=0).all():
            raise ValueError("series has a column without a value; expected some in each")
        mean, std = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
        if (std == 0).any():
            which = "series" if std.ndim == 0 else f"series[:, {np.argmin(std)}]"
            raise ValueError(f"{which} is constant; expected some variation to scale by")
        return cls(float(mean), float(std)) if std.ndim == 0 else cls(mean, std)

    def transform(self, values):
        """To mean 0 and standard deviation 1."""
        return (values - self.mean) / self.std

    def inverse(self, values):
        """Back to the units of the series."""
        return values * self.std + self.mean
