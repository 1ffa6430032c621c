"""A linear output head, applied to the last axis: y = x W + b.

========= ============= ===========================================================
symbol    shape         meaning
========= ============= ===========================================================
x         (..., D)      inputs, such as the outputs hs (N, T, H) of a recurrent layer
W, b      (D, K), (K,)  weights
y         (..., K)      outputs
========= ============= ===========================================================
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from rnnbook._check import (
    check_axes,
    check_dtypes,
    check_floating,
    check_shape,
    check_sizes,
    check_type,
)
from rnnbook.numpy.init import glorot_uniform
from rnnbook.numpy.masks import rows


class Params(NamedTuple):
    """Weights of a linear layer."""

    W: np.ndarray  # (D, K)
    b: np.ndarray  # (K,)


def init(
    rng: np.random.Generator,
    input_size: int,
    output_size: int,
    *,
    dtype: DTypeLike = np.float64,
) -> Params:
    """Random weights: Glorot-uniform W, zero bias.

    >>> [w.shape for w in init(np.random.default_rng(0), input_size=3, output_size=2)]
    [(3, 2), (2,)]
    """
    check_sizes(input_size=input_size, output_size=output_size)
    check_floating(dtype)
    W = glorot_uniform(rng, input_size, output_size)
    return Params(W.astype(dtype), np.zeros(output_size, dtype))


def forward(params: Params, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Outputs (..., K) and the cache for `backward`, which is a copy of `x`.

    Raises `ValueError` for a wrong shape and `TypeError` for a wrong or mixed dtype.

    >>> params = Params(np.array([[1.0], [2.0]]), np.array([3.0]))
    >>> forward(params, np.array([[10.0, 20.0]]))[0]
    array([[53.]])
    """
    check_params(params)
    check_dtypes(W=params.W, x=x)
    check_shape("x", x, "(..., D)", (*x.shape[:-1], len(params.W)))
    y = x @ params.W + params.b  # eq-linear-y
    return y, x.copy()


def backward(params: Params, cache: np.ndarray, dy: np.ndarray) -> tuple[Params, np.ndarray]:
    """Gradients of the parameters and of `x`, from the gradient `dy` (..., K) at the output.

    >>> params = Params(np.ones((2, 1)), np.zeros(1))
    >>> y, cache = forward(params, np.array([[10.0, 20.0]]))
    >>> backward(params, cache, np.ones_like(y))[0].W
    array([[10.],
           [20.]])
    """
    check_params(params)
    x = cache
    check_shape("dy", dy, "(..., K)", (*x.shape[:-1], params.W.shape[1]))
    dx = dy @ params.W.T  # eq-linear-dx
    dW = rows(x).T @ rows(dy)  # eq-linear-dW
    db = rows(dy).sum(axis=0)  # eq-linear-db
    return Params(dW, db), dx


def check_params(params: Params) -> None:
    """Raise unless `params` is of this module, with W (D, K) and b (K,) of one dtype.

    That is a floating or a complex one.

    >>> check_params(Params(np.zeros((3, 2)), np.zeros(1)))
    Traceback (most recent call last):
    ...
    ValueError: b has shape (1,); expected (K,) = (2,)
    """
    check_type("params", params, (Params,))
    check_dtypes(W=params.W, b=params.b)
    check_axes("W", params.W, "(D, K)")
    check_shape("b", params.b, "(K,)", params.W.shape[1:])
