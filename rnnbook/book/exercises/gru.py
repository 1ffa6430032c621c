"""Exercises of `chapters/*/gru`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise
from rnnbook.numpy.activations import sigmoid

N, H = 4, 3


# One step backward.


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
