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


def _schedule_case(rng):
    steps, warm = int(rng.integers(10, 20)), int(rng.integers(4, 7))
    return int(rng.integers(0, steps)), steps, warm, 0.3


def _rate(step, steps, warm, highest):
    if step < warm:
        return highest * (step + 1) / warm
    return highest * 0.5 * (1 + np.cos(np.pi * (step - warm) / (steps - warm)))


def _rate_from_zero(step, steps, warm, highest):
    return highest * step / warm if step < warm else _rate(step, steps, warm, highest)


def _rate_over_all(step, steps, warm, highest):
    if step < warm:
        return highest * (step + 1) / warm
    return highest * 0.5 * (1 + np.cos(np.pi * step / steps))


def _rate_quarter_wave(step, steps, warm, highest):
    if step < warm:
        return highest * (step + 1) / warm
    return highest * np.cos(0.5 * np.pi * (step - warm) / (steps - warm))


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
    "warm-cosine": Exercise(
        case=_schedule_case,
        solution=_rate,
        outputs=("rate",),
        mistakes={
            "The first step would have the rate 0 and do nothing: count from 1.": _rate_from_zero,
            "The cosine begins after the warm-up: count its steps from there.": _rate_over_all,
            "This is a quarter of a wave: (1 + cos) / 2 begins and ends level.": (
                _rate_quarter_wave
            ),
        },
    ),
}
