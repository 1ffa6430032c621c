"""Masks: which steps of a batch of sequences count.

A mask is a Boolean array (N, T), True at the steps that count. A masked step keeps the state
and outputs zero. Its input may be anything, NaN too: it is replaced by zero *before* the
first product, because 0 * NaN is NaN and would spoil every weight gradient.
"""

import numpy as np
from numpy.typing import ArrayLike


def check_mask(mask: np.ndarray | None, x: np.ndarray) -> None:
    """Raise unless `mask` is None or Boolean of shape (N, T), as `x` is (N, T, D).

    >>> check_mask(np.ones((2, 3)), np.zeros((2, 3, 1)))
    Traceback (most recent call last):
    ...
    TypeError: mask has dtype float64; expected bool, True at the steps that count
    """
    if mask is None:
        return
    if getattr(mask, "dtype", None) != np.bool_:
        kind = f"dtype {mask.dtype}" if hasattr(mask, "dtype") else f"type {type(mask).__name__}"
        raise TypeError(f"mask has {kind}; expected bool, True at the steps that count")
    if mask.shape != x.shape[:2]:
        raise ValueError(f"mask has shape {mask.shape}; expected (N, T) = {x.shape[:2]}")


def select(mask_t: np.ndarray, if_counted: np.ndarray, if_masked: ArrayLike) -> np.ndarray:
    """Row by row: `if_counted` where `mask_t` is True, else `if_masked`.

    `mask_t` has one axis fewer than the arrays. Unlike a product with 0 and 1, it never mixes
    the two, so a NaN on one side stays there.

    >>> select(np.array([True, False]), np.ones((2, 2)), 0)
    array([[1., 1.],
           [0., 0.]])
    """
    return np.where(mask_t[..., None], if_counted, np.asarray(if_masked, if_counted.dtype))


def rows(v: np.ndarray) -> np.ndarray:
    """All steps of all sequences below each other: (T, N, K) to (T N, K), without a copy.

    >>> rows(np.zeros((5, 2, 3))).shape
    (10, 3)
    """
    return v.reshape(-1, v.shape[-1])
