"""Optimizers as pure functions: parameters, gradients and state in, new parameters and state out.

Parameters may be any structure of arrays (see `rnnbook.tree`); gradients have the same one.
"""

from typing import Any, NamedTuple

import numpy as np

from rnnbook._check import check_choice
from rnnbook.tree import leaves, tree_map


def clip_by_global_norm(grads, max_norm: float):
    """Scale all gradients by one factor so that their joint norm is at most `max_norm`.

    g <- g min(1, max_norm / ||g||) with ||g||^2 the sum of squares over *all* arrays: the
    direction stays (Pascanu et al. 2013). Returns the gradients and the norm before clipping.

    >>> clipped, norm = clip_by_global_norm([np.array([3.0]), np.array([4.0])], max_norm=1.0)
    >>> norm, [g.round(6).tolist() for g in clipped]
    (5.0, [[0.6], [0.8]])
    """
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}; expected a positive number")
    norm = float(np.sqrt(sum(float((g * g).sum()) for g in leaves(grads))))
    if not np.isfinite(norm):
        raise ValueError(f"grads has norm {norm}; expected finite gradients")
    factor = min(1.0, max_norm / norm) if norm > 0 else 1.0
    return tree_map(lambda g: g * factor, grads), norm


def sgd_init(params):
    """Velocity zero for every parameter.

    >>> sgd_init([np.ones(2)])
    [array([0., 0.])]
    """
    return tree_map(np.zeros_like, params)


def sgd_step(params, grads, velocity, *, learning_rate: float, momentum: float = 0.0):
    """One step of gradient descent with momentum: v <- m v + g, then p <- p - lr v.

    This is torch.optim.SGD. Keras keeps -lr v instead, which is the same while the learning
    rate is constant. Returns the new parameters and the new velocity.

    >>> p, v = sgd_step([np.array([1.0])], [np.array([0.5])], [np.array([0.0])], learning_rate=0.1)
    >>> p
    [array([0.95])]
    """
    _check_rate(learning_rate)
    velocity = tree_map(lambda v, g: momentum * v + g, velocity, grads)  # eq-sgd-v
    params = tree_map(lambda p, v: p - learning_rate * v, params, velocity)  # eq-sgd-p
    return params, velocity


class AdamState(NamedTuple):
    """Moments of the gradients, and how many steps were taken."""

    m: Any
    v: Any
    step: int


def adam_init(params) -> AdamState:
    """Both moments zero for every parameter.

    >>> adam_init(np.ones(2))
    AdamState(m=array([0., 0.]), v=array([0., 0.]), step=0)
    """
    return AdamState(tree_map(np.zeros_like, params), tree_map(np.zeros_like, params), 0)


def adam_step(
    params,
    grads,
    state: AdamState,
    *,
    learning_rate: float = 1e-3,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-8,
    epsilon_at: str = "v_hat",
):
    """One step of Adam (Kingma and Ba 2015): m and v track the gradient and its square.

    The paper gives two forms that differ in where epsilon stands. `epsilon_at="v_hat"` is its
    Algorithm 1 and torch.optim.Adam: p <- p - lr m_hat / (sqrt(v_hat) + eps), with m_hat and
    v_hat corrected for their start at zero. `epsilon_at="v"` is the shorter form at the end of
    its section 2 and keras.optimizers.Adam: p <- p - lr' m / (sqrt(v) + eps), where lr' holds
    both corrections; there eps is larger by 1 / sqrt(1 - beta_2^t), which is 32 at first.

    >>> p, state = adam_step(np.array([1.0]), np.array([0.5]), adam_init(np.array([1.0])))
    >>> p.round(6)
    array([0.999])
    """
    _check_rate(learning_rate)
    check_choice("epsilon_at", epsilon_at, ("v_hat", "v"))
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


def _check_rate(learning_rate):
    if not learning_rate > 0:
        raise ValueError(f"learning_rate is {learning_rate}; expected a positive number")
