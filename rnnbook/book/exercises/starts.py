"""Exercises of `chapters/*/starts`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _matrix_case(rng):
    return (rng.standard_normal((4, 4)),)


def _orthogonal(G):
    Q, R = np.linalg.qr(G)
    return Q * np.sign(np.diag(R))


def _limit_case(rng):
    return int(rng.integers(20, 400)), rng.uniform(0.5, 2)


def _limit(H, radius):
    return radius * np.sqrt(3 / H)


EXERCISES = {
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
    "uniform-limit": Exercise(
        case=_limit_case,
        solution=_limit,
        outputs=("a",),
        mistakes={
            "The variance of numbers between -a and a is a third of the square of a.": (
                lambda H, radius: radius / np.sqrt(H)
            ),
            "The radius is the root of H times the variance: take the root of H, too.": (
                lambda H, radius: radius * np.sqrt(3) / H
            ),
            "Between -a and a the variance is (2a)^2 / 12; this is for numbers from 0 to a.": (
                lambda H, radius: radius * np.sqrt(12 / H)
            ),
        },
    ),
}
