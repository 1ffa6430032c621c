"""Exercises of `chapters/*/gradient-flow`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _jacobian_case(rng):
    return rng.standard_normal((4, 4)), rng.uniform(-0.9, 0.9, 4)


def _jacobian(W_x, h):
    return (1 - h**2)[:, None] * W_x.T


def _norms_case(rng):
    return (rng.standard_normal((5, 3, 3)),)


def _norms(J):
    product, norms = np.eye(J.shape[1]), [1.0]
    for J_t in J[::-1]:
        product = product @ J_t
        norms.append(float(np.linalg.norm(product, 2)))
    return np.array(norms)


def _norms_wrong_order(J):
    product, norms = np.eye(J.shape[1]), [1.0]
    for J_t in J[::-1]:
        product = J_t @ product
        norms.append(float(np.linalg.norm(product, 2)))
    return np.array(norms)


def _norms_of_factors(J):
    return np.concatenate([[1.0], np.cumprod([np.linalg.norm(J_t, 2) for J_t in J[::-1]])])


EXERCISES = {
    "input-jacobian": Exercise(
        case=_jacobian_case,
        solution=_jacobian,
        outputs=("J",),
        mistakes={
            "It is transposed: row i is the new unit i, column j the input j.": (
                lambda W_x, h: _jacobian(W_x, h).T
            ),
            "You left out the activation's derivative, 1 - h^2 for tanh.": lambda W_x, h: W_x.T,
            "The derivative belongs to the new unit: it scales rows, not columns.": (
                lambda W_x, h: W_x.T * (1 - h**2)
            ),
        },
    ),
    "norms-by-lag": Exercise(
        case=_norms_case,
        solution=_norms,
        outputs=("norms",),
        mistakes={
            "The order is reversed: the last step's Jacobian stands on the left.": (
                _norms_wrong_order
            ),
            "You multiplied the norms: that is only an upper bound of the product's norm.": (
                _norms_of_factors
            ),
        },
    ),
}
