"""Exercises of `chapters/*/three-ways`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise
from rnnbook.numpy import gru, optim
from rnnbook.tree import tree_map


def _momentum_case(rng):
    p, g, v = rng.standard_normal((3, 4, 2))
    return p, g, v, float(rng.uniform(0.01, 0.1)), float(rng.uniform(0.5, 0.9))


def _momentum(p, g, v, learning_rate, momentum):
    return optim.sgd_step(p, g, v, learning_rate=learning_rate, momentum=momentum)


def _momentum_with_rate_inside(p, g, v, learning_rate, momentum):
    v = momentum * v + learning_rate * g
    return p - v, v


def _momentum_before_update(p, g, v, learning_rate, momentum):
    return p - learning_rate * v, momentum * v + g


def _gru_case(rng):
    params = tree_map(
        lambda w: rng.standard_normal(w.shape), gru.init(rng, input_size=2, hidden_size=3)
    )
    return (*params, rng.standard_normal((4, 2)), rng.standard_normal((4, 3)))


def _gru_step(W_x, W_h, b_x, b_h, x_t, h):
    return gru.step(gru.Params(W_x, W_h, b_x, b_h), x_t, h)


def _gru_step_z_exchanged(W_x, W_h, b_x, b_h, x_t, h):
    _, z, n = _gru_parts(W_x, W_h, b_x, b_h, x_t, h)
    return z * n + (1 - z) * h


def _gru_step_reset_before(W_x, W_h, b_x, b_h, x_t, h):
    r, z, _ = _gru_parts(W_x, W_h, b_x, b_h, x_t, h)
    H = h.shape[1]
    n = np.tanh(x_t @ W_x[:, 2 * H :] + b_x[2 * H :] + (r * h) @ W_h[:, 2 * H :] + b_h[2 * H :])
    return (1 - z) * n + z * h


def _gru_parts(W_x, W_h, b_x, b_h, x_t, h):
    _, _, cache = gru.forward(gru.Params(W_x, W_h, b_x, b_h), x_t[:, None], h)
    r, z, n, _ = cache.gates[0]
    return r, z, n


EXERCISES = {
    "sgd-momentum": Exercise(
        case=_momentum_case,
        solution=_momentum,
        outputs=("p", "v"),
        mistakes={
            "You put the learning rate into the velocity: here v holds gradients only.": (
                _momentum_with_rate_inside
            ),
            "You moved with the old velocity: update v first, then p.": _momentum_before_update,
        },
    ),
    "gru-step": Exercise(
        case=_gru_case,
        solution=_gru_step,
        outputs=("h",),
        mistakes={
            "z and 1 - z are exchanged: here z keeps the old state.": _gru_step_z_exchanged,
            "You reset h before the product; this model resets the product.": (
                _gru_step_reset_before
            ),
        },
    ),
}
