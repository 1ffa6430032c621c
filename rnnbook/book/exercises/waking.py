"""Exercises of `chapters/*/waking`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _gradient_case(rng):
    g = float(rng.choice([-1, 1]) * 10 ** rng.uniform(-6, -3))
    return g, float(10 ** rng.uniform(-3, -1)), float(10 ** rng.uniform(-6, -4))


def _first_step(g, rate, epsilon):
    return -rate * g / (abs(g) + epsilon)


def _weight_case(rng):
    return (float(rng.uniform(1.1, 6)),)


def _push(w):
    h = np.sqrt(1 - 1 / w)
    return w * h - np.arctanh(h)


EXERCISES = {
    "adam-first": Exercise(
        case=_gradient_case,
        solution=_first_step,
        outputs=("the change",),
        mistakes={
            "Epsilon is missing: it decides what happens to a tiny gradient.": (
                lambda g, rate, epsilon: -rate * np.sign(g)
            ),
            "This is plain descent: Adam divides by the size of the gradient.": (
                lambda g, rate, epsilon: -rate * g
            ),
            "Epsilon stands outside the root.": (
                lambda g, rate, epsilon: -rate * g / np.sqrt(g**2 + epsilon)
            ),
            "The means are corrected for their start at zero.": (
                lambda g, rate, epsilon: -rate * 0.1 * g / (np.sqrt(0.001) * abs(g) + epsilon)
            ),
            "The sign is wrong: a step goes against the gradient.": (
                lambda g, rate, epsilon: -_first_step(g, rate, epsilon)
            ),
        },
    ),
    "latch-push": Exercise(
        case=_weight_case,
        solution=_push,
        outputs=("the push",),
        mistakes={
            "This is the state at which the point of rest is lost, not the push.": (
                lambda w: np.sqrt(1 - 1 / w)
            ),
            "The sign is wrong: from h = tanh(w h - p) follows p = w h - artanh(h).": (
                lambda w: -_push(w)
            ),
            "The slope of tanh is 1 - h^2, so h^2 = 1 - 1/w: take the root.": (
                lambda w: w * (1 - 1 / w) - np.arctanh(1 - 1 / w)
            ),
        },
    ),
}
