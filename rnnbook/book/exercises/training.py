"""Exercises of `chapters/*/training`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _gradients_case(rng):
    scale = rng.choice([0.1, 3.0])
    return scale * rng.standard_normal((3, 2)), scale * rng.standard_normal(4), 1.0


def _clip(g_1, g_2, limit):
    factor = min(1.0, limit / _joint_norm(g_1, g_2))
    return factor * g_1, factor * g_2


def _clip_always(g_1, g_2, limit):
    factor = limit / _joint_norm(g_1, g_2)
    return factor * g_1, factor * g_2


def _clip_each(g_1, g_2, limit):
    return tuple(g * min(1.0, limit / np.linalg.norm(g)) for g in (g_1, g_2))


def _clip_values(g_1, g_2, limit):
    return np.clip(g_1, -limit, limit), np.clip(g_2, -limit, limit)


def _joint_norm(g_1, g_2):
    return np.sqrt((g_1**2).sum() + (g_2**2).sum())


def _adam_case(rng):
    p, g, m = rng.standard_normal((3, 4))
    return p, g, m, rng.uniform(0.1, 1, 4), int(rng.integers(1, 5)), 0.01, 0.1


def _moments(g, m, v):
    return 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2


def _adam(p, g, m, v, t, learning_rate, epsilon):
    m, v = _moments(g, m, v)
    m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
    return p - learning_rate * m_hat / (np.sqrt(v_hat) + epsilon), m, v


def _adam_uncorrected(p, g, m, v, t, learning_rate, epsilon):
    m, v = _moments(g, m, v)
    return p - learning_rate * m / (np.sqrt(v) + epsilon), m, v


def _adam_epsilon_in_the_root(p, g, m, v, t, learning_rate, epsilon):
    m, v = _moments(g, m, v)
    m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
    return p - learning_rate * m_hat / np.sqrt(v_hat + epsilon), m, v


def _adam_corrected_state(p, g, m, v, t, learning_rate, epsilon):
    p, m, v = _adam(p, g, m, v, t, learning_rate, epsilon)
    return p, m / (1 - 0.9**t), v / (1 - 0.999**t)


def _matrix_case(rng):
    return (rng.standard_normal((4, 4)),)


def _orthogonal(G):
    Q, R = np.linalg.qr(G)
    return Q * np.sign(np.diag(R))


EXERCISES = {
    "clip-by-norm": Exercise(
        case=_gradients_case,
        solution=_clip,
        outputs=("g_1", "g_2"),
        mistakes={
            "This clips every entry by value, which turns the gradient.": _clip_values,
            "One factor for all: the norm is that of both arrays together.": _clip_each,
            "A gradient shorter than the limit must stay as it is.": _clip_always,
        },
    ),
    "adam-step": Exercise(
        case=_adam_case,
        solution=_adam,
        outputs=("p", "m", "v"),
        mistakes={
            "The correction for the start is missing: m and v begin at zero.": _adam_uncorrected,
            "Epsilon stands outside the root: sqrt(v_hat) + epsilon.": _adam_epsilon_in_the_root,
            "Hand on m and v as they are: the corrected ones serve this step only.": (
                _adam_corrected_state
            ),
        },
    ),
    "orthogonal-init": Exercise(
        case=_matrix_case,
        solution=_orthogonal,
        outputs=("Q",),
        mistakes={
            "Without the signs of R's diagonal, Q follows the habits of the QR routine.": (
                lambda G: np.linalg.qr(G)[0]
            ),
            "Columns of length 1 are not enough: they must be orthogonal as well.": (
                lambda G: G / np.linalg.norm(G, axis=0)
            ),
            "The sign belongs to the columns of Q, not to its rows.": (
                lambda G: np.sign(np.diag(np.linalg.qr(G)[1]))[:, None] * np.linalg.qr(G)[0]
            ),
        },
    ),
}
