"""Exercises of `chapters/*/training`."""

import numpy as np

from rnnbook.exercises.checker import Exercise


def _gradients_case(rng):
    scale = rng.choice([0.1, 3.0])
    return scale * rng.standard_normal((3, 2)), scale * rng.standard_normal(4), 1.0


def _clip(g_1, g_2, limit):
    norm = np.sqrt((g_1**2).sum() + (g_2**2).sum())
    factor = min(1.0, limit / norm)
    return factor * g_1, factor * g_2


def _clip_always(g_1, g_2, limit):
    norm = np.sqrt((g_1**2).sum() + (g_2**2).sum())
    return limit / norm * g_1, limit / norm * g_2


def _clip_each(g_1, g_2, limit):
    return tuple(g * min(1.0, limit / np.linalg.norm(g)) for g in (g_1, g_2))


def _adam_case(rng):
    p, g, m = rng.standard_normal((3, 4))
    return p, g, m, rng.uniform(0.1, 1, 4), int(rng.integers(1, 5)), 0.01


def _adam(p, g, m, v, t, rate, b_1=0.9, b_2=0.999, epsilon=1e-8):
    m, v = b_1 * m + (1 - b_1) * g, b_2 * v + (1 - b_2) * g**2
    step = (m / (1 - b_1**t)) / (np.sqrt(v / (1 - b_2**t)) + epsilon)
    return p - rate * step, m, v


def _adam_uncorrected(p, g, m, v, t, rate):
    _, m, v = _adam(p, g, m, v, t, rate)
    return p - rate * m / (np.sqrt(v) + 1e-8), m, v


def _adam_without_square(p, g, m, v, t, rate):
    _, m, _ = _adam(p, g, m, v, t, rate)
    v = 0.999 * v + 0.001 * g
    return p - rate * (m / (1 - 0.9**t)) / (np.sqrt(np.abs(v) / (1 - 0.999**t)) + 1e-8), m, v


EXERCISES = {
    "clip-by-norm": Exercise(
        case=_gradients_case,
        solution=_clip,
        outputs=("g_1", "g_2"),
        mistakes={
            "This clips every entry by value, which turns the gradient.": (
                lambda g_1, g_2, limit: (np.clip(g_1, -limit, limit), np.clip(g_2, -limit, limit))
            ),
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
            "v is the mean of squares: g^2.": _adam_without_square,
        },
    ),
}
