"""Exercises of `chapters/*/lstm`."""

import numpy as np

from rnnbook.exercises.checker import Exercise
from rnnbook.numpy.activations import sigmoid


def _step_case(rng):
    return tuple(rng.standard_normal(s) for s in ((2, 12), (3, 12), 12, (4, 2), (4, 3), (4, 3)))


def _pieces(W_x, W_h, b, x_t, h):
    return np.split(x_t @ W_x + h @ W_h + b, 4, axis=-1)


def _step(W_x, W_h, b, x_t, h, c):
    a_i, a_f, a_g, a_o = _pieces(W_x, W_h, b, x_t, h)
    c = sigmoid(a_f) * c + sigmoid(a_i) * np.tanh(a_g)
    return sigmoid(a_o) * np.tanh(c), c


def _step_i_f_o_g(W_x, W_h, b, x_t, h, c):
    a_i, a_f, a_o, a_g = _pieces(W_x, W_h, b, x_t, h)
    c = sigmoid(a_f) * c + sigmoid(a_i) * np.tanh(a_g)
    return sigmoid(a_o) * np.tanh(c), c


def _step_sigmoid_candidate(W_x, W_h, b, x_t, h, c):
    a_i, a_f, a_g, a_o = _pieces(W_x, W_h, b, x_t, h)
    c = sigmoid(a_f) * c + sigmoid(a_i) * sigmoid(a_g)
    return sigmoid(a_o) * np.tanh(c), c


def _step_without_tanh(W_x, W_h, b, x_t, h, c):
    _, c = _step(W_x, W_h, b, x_t, h, c)
    return sigmoid(_pieces(W_x, W_h, b, x_t, h)[3]) * c, c


def _back_case(rng):
    gates = [rng.uniform(0.1, 0.9, (4, 3)) for _ in range(4)]
    return (*rng.standard_normal((2, 4, 3)), *gates, *rng.standard_normal((2, 4, 3)))


def _back(dh, dc, i, f, g, o, c_prev, c):
    dc = dc + dh * o * (1 - np.tanh(c) ** 2)
    da_i, da_f = dc * g * i * (1 - i), dc * c_prev * f * (1 - f)
    da_g, da_o = dc * i * (1 - g**2), dh * np.tanh(c) * o * (1 - o)
    return np.concatenate([da_i, da_f, da_g, da_o], axis=-1), dc * f


def _back_from_output_only(dh, dc, i, f, g, o, c_prev, c):
    return _back(dh, 0 * dc, i, f, g, o, c_prev, c)


def _back_without_tanh(dh, dc, i, f, g, o, c_prev, c):
    da, _ = _back(dh, dc, i, f, g, o, c_prev, c)
    da_o = da[:, -dh.shape[1] :]
    full = dc + dh * o
    parts = full * g * i * (1 - i), full * c_prev * f * (1 - f), full * i * (1 - g**2), da_o
    return np.concatenate(parts, axis=-1), full * f


EXERCISES = {
    "lstm-step": Exercise(
        case=_step_case,
        solution=_step,
        outputs=("h", "c"),
        mistakes={
            "The order of the blocks is i, f, g, o, not i, f, o, g.": _step_i_f_o_g,
            "The candidate g is a tanh, not a sigmoid.": _step_sigmoid_candidate,
            "h shows tanh(c), not c.": _step_without_tanh,
        },
    ),
    "lstm-backward-step": Exercise(
        case=_back_case,
        solution=_back,
        outputs=("da", "dc_prev"),
        mistakes={
            "dc comes from two sides: add what comes from the next step.": _back_from_output_only,
            "On the way from h to c the derivative of tanh(c) is missing.": _back_without_tanh,
        },
    ),
}
