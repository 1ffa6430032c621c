"""Exercises of `chapters/*/which-gru`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise
from rnnbook.numpy import gru
from rnnbook.tree import tree_map

N, D, H = 4, 2, 3


# The step that resets before the product.


def _before_case(rng):
    params = gru.init(rng, input_size=D, hidden_size=H, reset="before")
    params = tree_map(lambda w: rng.standard_normal(w.shape), params)
    return (*params, rng.standard_normal((N, D)), np.tanh(rng.standard_normal((N, H))))


def _before_step(W_x, W_h, b, x_t, h):
    return gru.step(gru.BeforeParams(W_x, W_h, b), x_t, h)


def _before_gates(W_x, W_h, b, x_t, h):
    _, _, cache = gru.forward(gru.BeforeParams(W_x, W_h, b), x_t[:, None], h)
    r, z, n, _ = cache.gates[0]
    return r, z, n


def _before_step_reset_after(W_x, W_h, b, x_t, h):
    return gru.step(gru.Params(W_x, W_h, b, np.zeros_like(b)), x_t, h)


def _before_step_z_exchanged(W_x, W_h, b, x_t, h):
    _, z, n = _before_gates(W_x, W_h, b, x_t, h)
    return z * n + (1 - z) * h


def _before_step_state_reset(W_x, W_h, b, x_t, h):
    r, z, n = _before_gates(W_x, W_h, b, x_t, h)
    return (1 - z) * n + z * r * h


def _before_step_gates_swapped(W_x, W_h, b, x_t, h):
    order = np.r_[H : 2 * H, :H, 2 * H : 3 * H]
    return _before_step(W_x[:, order], W_h[:, order], b[order], x_t, h)


# From weights with which z = 1 takes the new state to weights with which it keeps the old one.


def _keeps_case(rng):
    return tuple(rng.standard_normal(shape) for shape in ((D, 3 * H), (H, 3 * H), 3 * H))


def _negated(*blocks):
    return np.repeat(np.where(np.isin(("r", "z", "n"), blocks), -1, 1), H)


def _keeps(W_x, W_h, b):
    sign = _negated("z")
    return W_x * sign, W_h * sign, b * sign


def _keeps_bias_forgotten(W_x, W_h, b):
    return W_x * _negated("z"), W_h * _negated("z"), b


def _keeps_state_forgotten(W_x, W_h, b):
    return W_x * _negated("z"), W_h, b * _negated("z")


def _keeps_block_of_r(W_x, W_h, b):
    return tuple(w * _negated("r") for w in (W_x, W_h, b))


def _keeps_all_blocks(W_x, W_h, b):
    return -W_x, -W_h, -b


EXERCISES = {
    "gru-before-step": Exercise(
        case=_before_case,
        solution=_before_step,
        outputs=("h",),
        mistakes={
            "You reset the product; here r multiplies h before it meets the matrix.": (
                _before_step_reset_after
            ),
            "z and 1 - z are exchanged: here z keeps the old state.": _before_step_z_exchanged,
            "What z keeps is the old state itself: r acts in the candidate only.": (
                _before_step_state_reset
            ),
            "The first block of the weights belongs to r, the second to z.": (
                _before_step_gates_swapped
            ),
        },
    ),
    "gru-keeps": Exercise(
        case=_keeps_case,
        solution=_keeps,
        outputs=("W_x", "W_h", "b"),
        mistakes={
            "The bias belongs to a_z, too: change its sign in the block of z.": (
                _keeps_bias_forgotten
            ),
            "The state's weights belong to a_z, too.": _keeps_state_forgotten,
            "That is the block of r; z is the second.": _keeps_block_of_r,
            "Only the gate z changes: leave the blocks of r and n as they are.": _keeps_all_blocks,
        },
    ),
}
