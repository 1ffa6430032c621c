"""Where the outputs of one step stand in what a model of a framework returns; what they may be."""

from typing import Any

import numpy as np


def at(outputs: Any, position: int, x_shape: tuple) -> Any:
    """The outputs (N, K) at one step, from (N, T, K), or from (N, K) of the last step only.

    >>> at(np.zeros((2, 5, 3)), -2, x_shape=(2, 5, 4)).shape
    (2, 3)
    """
    N, T, _ = x_shape
    if len(outputs.shape) == 3 and tuple(outputs.shape[:2]) == (N, T):
        return outputs[:, position]
    if len(outputs.shape) == 2 and outputs.shape[0] == N and position in (-1, T - 1):
        return outputs
    raise ValueError(
        f"model returns shape {tuple(outputs.shape)}; "
        f"expected (N, T, K) with N = {N} and T = {T}, or (N, K) and position -1"
    )


def check_apart(dx: np.ndarray, hint: str = "") -> None:
    """Raise if `dx` (N, T, D), the derivative of the last sequence's output, is not its alone.

    >>> check_apart(np.ones((2, 5, 4)))
    Traceback (most recent call last):
    ...
    ValueError: model mixes the sequences of a batch: the output of one depends on another; \
expected inputs (N, T, D) of which each is read by itself
    """
    if (np.abs(dx[:-1]) > 0).any():
        raise ValueError(
            "model mixes the sequences of a batch: the output of one depends on another; "
            f"expected inputs (N, T, D) of which each is read by itself{hint}"
        )


def check_repeats(first: np.ndarray, second: np.ndarray) -> None:
    """Raise unless a model gave the same outputs when it read the same inputs again.

    >>> check_repeats(np.array([0.25]), np.array([0.5]))
    Traceback (most recent call last):
    ...
    ValueError: model gives other outputs when it reads x again; expected one that draws no \
random numbers in evaluation mode and starts from the same state at each call
    """
    if not np.allclose(first, second, rtol=1e-4, atol=1e-6, equal_nan=True):
        raise ValueError(
            "model gives other outputs when it reads x again; expected one that draws no "
            "random numbers in evaluation mode and starts from the same state at each call"
        )
