"""Exercises of `chapters/*/gru`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise
from rnnbook.numpy import gru
from rnnbook.numpy.activations import sigmoid
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


# One step backward, of the form that resets after the product.


def _backward_case(rng):
    r, z = sigmoid(rng.standard_normal((2, N, H)))
    n, h_prev = np.tanh(rng.standard_normal((2, N, H)))
    a_hn, dh = rng.standard_normal((2, N, H))
    return rng.standard_normal((H, 3 * H)), r, z, n, a_hn, h_prev, dh


def _backward(W_h, r, z, n, a_hn, h_prev, dh):
    da_n = dh * (1 - z) * (1 - n**2)
    da_z = dh * (h_prev - n) * z * (1 - z)
    da_r = da_n * a_hn * r * (1 - r)
    return da_r, da_z, da_n, _dh_prev(W_h, r, z, dh, da_r, da_z, da_n)


def _dh_prev(W_h, r, z, dh, da_r, da_z, da_n):
    return dh * z + np.concatenate([da_r, da_z, da_n * r], axis=1) @ W_h.T


def _backward_z_sign(W_h, r, z, n, a_hn, h_prev, dh):
    da_r, da_z, da_n, _ = _backward(W_h, r, z, n, a_hn, h_prev, dh)
    return da_r, -da_z, da_n, _dh_prev(W_h, r, z, dh, da_r, -da_z, da_n)


def _backward_no_direct_path(W_h, r, z, n, a_hn, h_prev, dh):
    *das, dh_prev = _backward(W_h, r, z, n, a_hn, h_prev, dh)
    return *das, dh_prev - dh * z


def _backward_without_r(W_h, r, z, n, a_hn, h_prev, dh):
    *das, _ = _backward(W_h, r, z, n, a_hn, h_prev, dh)
    return *das, _dh_prev(W_h, np.ones_like(r), z, dh, *das)


def _backward_no_tanh(W_h, r, z, n, a_hn, h_prev, dh):
    _, da_z, _, _ = _backward(W_h, r, z, n, a_hn, h_prev, dh)
    da_n = dh * (1 - z)
    da_r = da_n * a_hn * r * (1 - r)
    return da_r, da_z, da_n, _dh_prev(W_h, r, z, dh, da_r, da_z, da_n)


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
    "gru-backward-step": Exercise(
        case=_backward_case,
        solution=_backward,
        outputs=("da_r", "da_z", "da_n", "dh_prev"),
        mistakes={
            "The sign of da_z: z multiplies h_prev, and 1 - z multiplies n.": _backward_z_sign,
            "The direct path is missing: h_prev also reaches h through z.": (
                _backward_no_direct_path
            ),
            "On its way to h_prev, da_n passes the reset gate: multiply it by r.": (
                _backward_without_r
            ),
            "The candidate is a tanh: its derivative 1 - n**2 is missing.": _backward_no_tanh,
        },
    ),
}
