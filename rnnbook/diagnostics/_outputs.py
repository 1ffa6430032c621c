"""Where the outputs of one step stand in what a model of a framework returns."""

from typing import Any


def at(outputs: Any, position: int, steps: int) -> Any:
    """The outputs (N, K) at one step, from (N, T, K), or from (N, K) of the last step only.

    >>> import numpy as np
    >>> at(np.zeros((2, 5, 3)), -2, steps=5).shape
    (2, 3)
    """
    if len(outputs.shape) == 3 and outputs.shape[1] == steps:
        return outputs[:, position]
    if len(outputs.shape) == 2 and position in (-1, steps - 1):
        return outputs
    raise ValueError(
        f"model returns shape {tuple(outputs.shape)}; "
        f"expected (N, T, K) with T = {steps}, or (N, K) and position -1"
    )
