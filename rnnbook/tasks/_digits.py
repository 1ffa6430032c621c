"""The check of the small images that `pasted` and `video` put into larger ones."""

import numpy as np

from rnnbook._check import type_name

DIGIT = 8  # rows and columns


def check_digits(digits: np.ndarray) -> None:
    """Raise unless `digits` are images (M, 8, 8) with values from 0 to 1.

    >>> check_digits(np.full((2, 8, 8), 16.0))
    Traceback (most recent call last):
    ...
    ValueError: digits has values from 16.0 to 16.0; expected 0 to 1
    """
    if not isinstance(digits, np.ndarray):
        raise TypeError(f"digits is a {type_name(type(digits))}; expected a NumPy array")
    if digits.dtype.kind not in "biuf":
        raise TypeError(f"digits has dtype {digits.dtype}; expected real numbers")
    if digits.ndim != 3 or digits.shape[1:] != (DIGIT, DIGIT) or not len(digits):
        raise ValueError(f"digits has shape {digits.shape}; expected (M, 8, 8), M at least 1")
    if not (digits.min() >= 0 and digits.max() <= 1):
        low, high = digits.min(), digits.max()
        raise ValueError(f"digits has values from {low} to {high}; expected 0 to 1")
