"""Recurrences that sweep an image in four directions (ReNet, Visin et al. 2015).

Two recurrent layers read every row of the image, one from left to right and one from right to
left. Their outputs are joined, and two more layers read every column of the result, downwards
and upwards. So after one sweep each output has seen every pixel of the image: first those of
its row, then, by way of the states along its column, those of all rows.

========= ============== ===========================================================
symbol    shape          meaning
========= ============== ===========================================================
x         (N, R, C, D)   N images of R rows, C columns and D channels
rows      (N, R, C, 2H)  each row, read from both ends
hs        (N, R, C, 2H)  each column of that, read from both ends
========= ============== ===========================================================

`layers` is [[right, left], [down, up]], as for `rnnbook.numpy.stack` a list of pairs of Params.
"""

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

from rnnbook._check import check_dtypes, check_sizes
from rnnbook._rng import check_rng
from rnnbook.numpy import stack


def init(
    cell: ModuleType, rng: np.random.Generator, channels: int, hidden_size: int, **options: Any
) -> list:
    """Random weights for the four directions; `cell` is one of `rnn`, `lstm`, `gru`.

    >>> from rnnbook.numpy import gru
    >>> layers = init(gru, np.random.default_rng(0), channels=3, hidden_size=2)
    >>> [[params.W_x.shape for params in pair] for pair in layers]
    [[(3, 6), (3, 6)], [(4, 6), (4, 6)]]
    """
    check_rng(rng)
    check_sizes(channels=channels, hidden_size=hidden_size)
    return stack.init(cell, rng, channels, hidden_size, num_layers=2, bidirectional=True, **options)


def forward(layers: list, x: np.ndarray) -> tuple[np.ndarray, tuple]:
    """Outputs (N, R, C, 2H) of images (N, R, C, D), and what `backward` needs.

    >>> from rnnbook.numpy import gru
    >>> layers = init(gru, np.random.default_rng(0), channels=3, hidden_size=2)
    >>> hs, cache = forward(layers, np.ones((1, 4, 5, 3)))
    >>> hs.shape
    (1, 4, 5, 4)
    """
    check_pairs(layers)
    check_dtypes(x=x)
    check_images(x)
    N, R, C, _ = x.shape
    rows, _, row_cache = stack.forward(layers[:1], x.reshape(N * R, C, -1))  # eq-sweep-rows
    columns = rows.reshape(N, R, C, -1).swapaxes(1, 2).reshape(N * C, R, -1)
    hs, _, column_cache = stack.forward(layers[1:], columns)  # eq-sweep-columns
    return hs.reshape(N, C, R, -1).swapaxes(1, 2), (row_cache, column_cache)


def backward(layers: list, cache: tuple, dhs: np.ndarray) -> tuple[list, np.ndarray]:
    """Gradients of all weights (nested like `layers`) and of `x`, from that of the outputs.

    >>> from rnnbook.numpy import gru
    >>> layers = init(gru, np.random.default_rng(0), channels=3, hidden_size=2)
    >>> hs, cache = forward(layers, np.ones((1, 4, 5, 3)))
    >>> dlayers, dx = backward(layers, cache, np.ones_like(hs))
    >>> dx.shape
    (1, 4, 5, 3)
    """
    check_pairs(layers)
    row_cache, column_cache = cache
    if dhs.ndim != 4:
        raise ValueError(f"dhs has shape {dhs.shape}; expected (N, R, C, 2H)")
    N, R, C, _ = dhs.shape
    dcolumns = dhs.swapaxes(1, 2).reshape(N * C, R, -1)
    dcolumn_layers, drows, _ = stack.backward(layers[1:], column_cache, dcolumns)
    drows = drows.reshape(N, C, R, -1).swapaxes(1, 2).reshape(N * R, C, -1)
    drow_layers, dx, _ = stack.backward(layers[:1], row_cache, drows)
    return drow_layers + dcolumn_layers, dx.reshape(N, R, C, -1)


def check_images(x: Any) -> None:
    """Raise `ValueError` unless x is (N, R, C, D) without an empty axis.

    >>> check_images(np.ones((4, 5, 3)))
    Traceback (most recent call last):
    ...
    ValueError: x has shape (4, 5, 3); expected (N, R, C, D), none of them 0
    """
    if len(x.shape) != 4 or 0 in x.shape:
        raise ValueError(f"x has shape {tuple(x.shape)}; expected (N, R, C, D), none of them 0")


def check_pairs(layers: Sequence) -> None:
    """Raise `ValueError` unless there are two pairs of layers.

    >>> check_pairs([["right", "left"], ["down"]])
    Traceback (most recent call last):
    ...
    ValueError: layers has entries of [2, 1]; expected two pairs, [right, left] and [down, up]
    """
    sizes = [len(pair) if hasattr(pair, "__len__") else 1 for pair in layers]
    if sizes != [2, 2]:
        raise ValueError(
            f"layers has entries of {sizes}; expected two pairs, [right, left] and [down, up]"
        )
