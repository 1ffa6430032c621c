"""Optimizers as pure functions: parameters, gradients and state in, new parameters and state out.

Parameters may be any structure of arrays (see `rnnbook.tree`); gradients have the same one.
"""

from typing import Any, NamedTuple

import numpy as np

from rnnbook._check import check_choice, type_name
from rnnbook.tree import (
    as_array,
    check_alike,
    check_finite,
    leaves,
    named_leaves,
    tree_map,
    zip_leaves,
)


def clip_by_global_norm(grads: Any, max_norm: float) -> tuple[Any, float]:
    """Scale all gradients by one factor so that their joint norm is at most `max_norm`.

    g <- g min(1, max_norm / ||g||) with ||g||^2 the sum of squares over *all* arrays: the
    direction stays (Pascanu et al. 2013). Returns the gradients and the norm before clipping.
    The norm is computed in float64, whatever the gradients are; these keep their dtype.

    Gradients whose squares overflow are scaled like all others. Raises `ValueError` where one
    is NaN or infinite: no factor makes it finite, so leave out this step, or look for its cause.

    >>> clipped, norm = clip_by_global_norm([np.array([3.0]), np.array([4.0])], max_norm=1.0)
    >>> norm, [g.round(6).tolist() for g in clipped]
    (5.0, [[0.6], [0.8]])
    """
    max_norm = _positive("max_norm", max_norm)
    _check_real("grads", grads)
    with np.errstate(over="ignore"):
        norm = float(np.sqrt(sum(_sum_of_squares(g) for g in leaves(grads))))
    if not np.isfinite(norm):
        check_finite("grads", grads)
        norm = _norm_of_large(grads)
    factor = min(1.0, max_norm / norm) if norm > 0 else 1.0
    return tree_map(lambda g: _scaled(g, factor), grads), norm


def sgd_init(params: Any) -> Any:
    """Velocity zero for every parameter.

    >>> sgd_init([np.ones(2)])
    [array([0., 0.])]
    """
    _check_real("params", params)
    return tree_map(np.zeros_like, params)


def sgd_step(
    params: Any, grads: Any, velocity: Any, *, learning_rate: float, momentum: float = 0.0
) -> tuple[Any, Any]:
    """One step of gradient descent with momentum: v <- m v + g, then p <- p - lr v.

    This is torch.optim.SGD. Keras keeps -lr v instead, which is the same while the learning
    rate is constant. Returns the new parameters and the new velocity.

    Raises `ValueError` where `grads` or `velocity` are not nested and shaped as `params`, and
    `TypeError` where they have a wider dtype, which the parameters would take on. NaN in a
    gradient becomes NaN in the parameters.

    >>> p, v = sgd_step([np.array([1.0])], [np.array([0.5])], [np.array([0.0])], learning_rate=0.1)
    >>> p
    [array([0.95])]
    """
    learning_rate = _positive("learning_rate", learning_rate)
    momentum = _share("momentum", momentum)
    _check_real("params", params)
    _check_same("grads", grads, params)
    _check_same("velocity", velocity, params)
    velocity = tree_map(lambda v, g: momentum * v + g, velocity, grads)  # eq-sgd-v
    params = tree_map(lambda p, v: p - learning_rate * v, params, velocity)  # eq-sgd-p
    return params, velocity


class AdamState(NamedTuple):
    """Moments of the gradients, and how many steps were taken."""

    m: Any
    v: Any
    step: int


def adam_init(params: Any) -> AdamState:
    """Both moments zero for every parameter.

    >>> adam_init(np.ones(2))
    AdamState(m=array([0., 0.]), v=array([0., 0.]), step=0)
    """
    _check_real("params", params)
    return AdamState(tree_map(np.zeros_like, params), tree_map(np.zeros_like, params), 0)


def adam_step(
    params: Any,
    grads: Any,
    state: AdamState,
    *,
    learning_rate: float = 1e-3,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-8,
    epsilon_at: str = "v_hat",
) -> tuple[Any, AdamState]:
    """One step of Adam (Kingma and Ba 2015): m and v track the gradient and its square.

    The paper gives two forms that differ in where epsilon stands. `epsilon_at="v_hat"` is its
    Algorithm 1 and torch.optim.Adam: p <- p - lr m_hat / (sqrt(v_hat) + eps), with m_hat and
    v_hat corrected for their start at zero. `epsilon_at="v"` is the shorter form just before
    its section 2.1 and keras.optimizers.Adam: p <- p - lr' m / (sqrt(v) + eps), where lr' holds
    both corrections; there eps is larger by 1 / sqrt(1 - beta_2^t), which is 32 at first.

    Returns the new parameters and the new state. Errors are those of `sgd_step`; also
    `TypeError` for a state that `adam_init` has not made.

    >>> p, state = adam_step(np.array([1.0]), np.array([0.5]), adam_init(np.array([1.0])))
    >>> p.round(6)
    array([0.999])
    """
    learning_rate = _positive("learning_rate", learning_rate)
    beta_1, beta_2 = _share("beta_1", beta_1), _share("beta_2", beta_2)
    epsilon = _positive("epsilon", epsilon)
    check_choice("epsilon_at", epsilon_at, ("v_hat", "v"))
    _check_adam(params, grads, state)
    t = state.step + 1
    m = tree_map(lambda m, g: beta_1 * m + (1 - beta_1) * g, state.m, grads)  # eq-adam-m
    v = tree_map(lambda v, g: beta_2 * v + (1 - beta_2) * g * g, state.v, grads)  # eq-adam-v
    correction_1, correction_2 = 1 - beta_1**t, 1 - beta_2**t
    if epsilon_at == "v":
        epsilon = epsilon / correction_2**0.5

    def new(p, m, v):
        m_hat, v_hat = m / correction_1, v / correction_2
        p = p - learning_rate * m_hat / (np.sqrt(v_hat) + epsilon)  # eq-adam-p
        return p

    return tree_map(new, params, m, v), AdamState(m, v, t)


def _sum_of_squares(array):
    return float(np.sum(np.square(array, dtype=np.float64)))


def _scaled(array, factor):
    """`array * factor` in its dtype, also for a factor that is nearly zero in that dtype."""
    dtype = np.asarray(array).dtype
    if factor >= np.finfo(dtype).tiny:
        return array * factor
    return np.multiply(array, factor, dtype=np.float64).astype(dtype)


def _norm_of_large(grads):
    """The norm where squares overflow: the largest entry is taken out of the root first."""
    largest = max(float(np.max(np.abs(g), initial=0.0)) for g in leaves(grads))
    norm = largest * float(np.sqrt(sum(_sum_of_squares(g / largest) for g in leaves(grads))))
    if not np.isfinite(norm):
        raise ValueError("grads has a norm beyond the largest float64; expected a smaller loss")
    return norm


def _check_adam(params, grads, state):
    if not isinstance(state, AdamState):
        raise TypeError(f"state is a {type_name(type(state))}; expected what adam_init returns")
    _check_real("params", params)
    _check_same("grads", grads, params)
    _check_same("state.m", state.m, params)
    _check_same("state.v", state.v, params)


def _check_same(name, tree, params):
    check_alike(name, tree, "params", params)
    _check_real(name, tree)
    for path, leaf, like_path, like in zip_leaves(name, tree, "params", params):
        got, dtype = np.asarray(leaf).dtype, np.asarray(like).dtype
        if np.promote_types(got, dtype) != dtype:
            raise TypeError(f"{path} has dtype {got}; expected {dtype}, that of {like_path}")


def _check_real(name, tree):
    for path, leaf in named_leaves(name, tree):
        dtype = as_array(path, leaf).dtype
        if dtype.kind != "f":
            found = "None" if leaf is None else f"a {type_name(type(leaf))} of dtype {dtype}"
            raise TypeError(f"{path} is {found}; expected an array of float32 or float64")


def _positive(name, value):
    """`value` as Python's float, which leaves the dtype of an array alone."""
    if not value > 0:
        raise ValueError(f"{name} is {value}; expected a positive number")
    return float(value)


def _share(name, value):
    if not 0 <= value < 1:
        raise ValueError(f"{name} is {value}; expected a number from 0 to below 1")
    return float(value)
