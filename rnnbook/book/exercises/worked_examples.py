"""Exercises of `chapters/*/worked-examples`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _one_step_case(rng):
    return tuple(rng.standard_normal(shape) for shape in ((3, 2), 3, 2, 3))


def _one_step_gradient(W, b, x, y):
    a = W @ x + b
    return np.outer(-2 * (y - np.maximum(a, 0)) * (a > 0), x)


def _one_step_without_derivative(W, b, x, y):
    return np.outer(-2 * (y - np.maximum(W @ x + b, 0)), x)


EXERCISES = {
    "one-step-gradient": Exercise(
        case=_one_step_case,
        solution=_one_step_gradient,
        outputs=("the gradient",),
        mistakes={
            "You left out the activation's derivative: a silent unit has gradient zero.": (
                _one_step_without_derivative
            ),
            "The sign is wrong: dL/dh is -2 (y - h).": (
                lambda W, b, x, y: -_one_step_gradient(W, b, x, y)
            ),
            "It is transposed: row k belongs to unit k, column j to input j.": (
                lambda W, b, x, y: _one_step_gradient(W, b, x, y).T
            ),
        },
    ),
}
