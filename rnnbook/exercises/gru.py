"""Exercises of `chapters/*/gru`."""

import numpy as np

from rnnbook.exercises.checker import Exercise
from rnnbook.numpy import gru
from rnnbook.numpy.activations import sigmoid


def _step_case(rng):
    return tuple(rng.standard_normal(s) for s in ((2, 9), (3, 9), 9, (4, 2), (4, 3)))


def _before_step(W_x, W_h, b, x_t, h):
    return gru.step(gru.BeforeParams(W_x, W_h, b), x_t, h)


def _parts(W_x, W_h, b, x_t, h):
    a_r, a_z, a_n = np.split(x_t @ W_x + b, 3, axis=-1)
    W_r, W_z, W_n = np.split(W_h, 3, axis=-1)
    r, z = sigmoid(a_r + h @ W_r), sigmoid(a_z + h @ W_z)
    return r, z, a_n, W_n


def _after_step(W_x, W_h, b, x_t, h):
    r, z, a_n, W_n = _parts(W_x, W_h, b, x_t, h)
    return (1 - z) * np.tanh(a_n + r * (h @ W_n)) + z * h


def _z_exchanged(W_x, W_h, b, x_t, h):
    r, z, a_n, W_n = _parts(W_x, W_h, b, x_t, h)
    return z * np.tanh(a_n + (r * h) @ W_n) + (1 - z) * h


def _back_case(rng):
    dh, h_prev = rng.standard_normal((2, 4, 3))
    return dh, h_prev, rng.uniform(0.1, 0.9, (4, 3)), rng.uniform(-0.9, 0.9, (4, 3))


def _back(dh, h_prev, z, n):
    da_n = dh * (1 - z) * (1 - n**2)
    da_z = dh * (h_prev - n) * z * (1 - z)
    return da_n, da_z, dh * z


def _back_sign(dh, h_prev, z, n):
    da_n, da_z, direct = _back(dh, h_prev, z, n)
    return da_n, -da_z, direct


EXERCISES = {
    "gru-before-step": Exercise(
        case=_step_case,
        solution=_before_step,
        outputs=("h",),
        mistakes={
            "You reset the product; here the state is reset before the product.": _after_step,
            "z and 1 - z are exchanged: here z keeps the old state.": _z_exchanged,
        },
    ),
    "gru-backward-step": Exercise(
        case=_back_case,
        solution=_back,
        outputs=("da_n", "da_z", "the direct part of dh_prev"),
        mistakes={
            "The sign of da_z is wrong: a larger z moves h from n towards h_prev.": _back_sign,
            "The derivative of tanh is missing in da_n.": (
                lambda dh, h_prev, z, n: (dh * (1 - z), *_back(dh, h_prev, z, n)[1:])
            ),
            "Directly, the old state comes through with weight z.": (
                lambda dh, h_prev, z, n: (*_back(dh, h_prev, z, n)[:2], dh * (1 - z))
            ),
        },
    ),
}
