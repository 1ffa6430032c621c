"""Exercises of `chapters/*/lstm`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise
from rnnbook.numpy import lstm
from rnnbook.numpy.activations import sigmoid

N, D, H = 3, 2, 4


def _step_case(rng):
    W_x, W_h, b = (rng.standard_normal(shape) for shape in ((D, 4 * H), (H, 4 * H), 4 * H))
    x_t, h, c = (rng.standard_normal(shape) for shape in ((N, D), (N, H), (N, H)))
    return W_x, W_h, b, x_t, h, c


def _step(W_x, W_h, b, x_t, h, c):
    return tuple(lstm.step(lstm.Params(W_x, W_h, b), x_t, (h, c)))


def _step_with_blocks(order, *arguments):
    """A step whose blocks are read in another order, such as "ifog"."""
    W_x, W_h, b, *rest = arguments
    columns = np.concatenate([np.arange(H) + H * order.index(gate) for gate in "ifgo"])
    return _step(W_x[:, columns], W_h[:, columns], b[columns], *rest)


def _step_by_parts(W_x, W_h, b, x_t, h, c, *, candidate=np.tanh, show=np.tanh):
    a_i, a_f, a_g, a_o = np.split(x_t @ W_x + h @ W_h + b, 4, axis=1)
    c = sigmoid(a_f) * c + sigmoid(a_i) * candidate(a_g)
    return sigmoid(a_o) * show(c), c


def _backward_case(rng):
    i, f, o = rng.uniform(0.1, 0.9, (3, N, H))
    g = rng.uniform(-0.9, 0.9, (N, H))
    c_prev, dh, dc = rng.standard_normal((3, N, H))
    return i, f, g, o, c_prev, dh, dc


def _backward(i, f, g, o, c_prev, dh, dc, *, through_tanh=True, future=1, gates=True):
    tanh_c = np.tanh(f * c_prev + i * g)
    dc = future * dc + dh * o * ((1 - tanh_c**2) if through_tanh else 1)
    slope = [s * (1 - s) if gates else 1 for s in (i, f, o)]
    da_i, da_f, da_o = dc * g * slope[0], dc * c_prev * slope[1], dh * tanh_c * slope[2]
    da_g = dc * i * ((1 - g**2) if gates else 1)
    return np.concatenate((da_i, da_f, da_g, da_o), axis=1), dc * f


def _read_case(rng):
    K = rng.uniform(1, 3)
    return rng.uniform(-K, K, (N, H)), rng.integers(0, 2, (N, H)).astype(float), K


def _read(c, m, K):
    return np.maximum(c + K * (m - 1), 0) - np.maximum(-c + K * (m - 1), 0)


EXERCISES = {
    "lstm-step": Exercise(
        case=_step_case,
        solution=_step,
        outputs=("h", "c"),
        mistakes={
            "You read the blocks in the order i, f, o, g; here it is i, f, g, o.": (
                lambda *arguments: _step_with_blocks("ifog", *arguments)
            ),
            "You exchanged the input gate and the forget gate.": (
                lambda *arguments: _step_with_blocks("figo", *arguments)
            ),
            "You used a sigmoid for the candidate g; it needs both signs: tanh.": (
                lambda *arguments: _step_by_parts(*arguments, candidate=sigmoid)
            ),
            "You show c itself: h is o times tanh(c).": (
                lambda *arguments: _step_by_parts(*arguments, show=lambda c: c)
            ),
        },
    ),
    "lstm-backward-step": Exercise(
        case=_backward_case,
        solution=_backward,
        outputs=("da", "dc_prev"),
        mistakes={
            "You forgot the slope of tanh(c), where dh enters the cell.": (
                lambda *arguments: _backward(*arguments, through_tanh=False)
            ),
            "You forgot the dc that arrives from the future: add it to what dh brings.": (
                lambda *arguments: _backward(*arguments, future=0)
            ),
            "You stopped at the gates: multiply by their slopes to reach the pre-activations.": (
                lambda *arguments: _backward(*arguments, gates=False)
            ),
        },
    ),
    "lstm-read": Exercise(
        case=_read_case,
        solution=_read,
        outputs=("shown",),
        mistakes={
            "You used one rectifier: it shows no negative number.": (
                lambda c, m, K: np.maximum(c + K * (m - 1), 0)
            ),
            "The mark works the wrong way round: without it both rectifiers must be silent.": (
                lambda c, m, K: _read(c, 1 - m, K)
            ),
            "The offset stays on at a read: take K (m - 1), which is 0 where m is 1.": (
                lambda c, m, K: np.maximum(c - K, 0) - np.maximum(-c - K, 0)
            ),
        },
    ),
}
