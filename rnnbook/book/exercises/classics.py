"""Exercises of `chapters/*/classics`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _patterns_case(rng):
    return (rng.choice([-1.0, 1.0], (3, 8)),)


def _hopfield_weights(patterns):
    W = patterns.T @ patterns / patterns.shape[1]
    return W - np.diag(np.diag(W))


def _states_case(rng):
    return _hopfield_weights(*_patterns_case(rng)), rng.choice([-1.0, 1.0], 8)


def _energy(W, s):
    return -0.5 * s @ W @ s


EXERCISES = {
    "hopfield-weights": Exercise(
        case=_patterns_case,
        solution=_hopfield_weights,
        outputs=("W",),
        mistakes={
            "No unit acts on itself: the diagonal is zero.": lambda p: p.T @ p / p.shape[1],
            "Divide by the number of units, not of patterns.": (
                lambda p: _hopfield_weights(p) * p.shape[1] / len(p)
            ),
        },
    ),
    "hopfield-energy": Exercise(
        case=_states_case,
        solution=_energy,
        outputs=("the energy",),
        mistakes={
            "Each pair is counted twice: take half.": lambda W, s: -s @ W @ s,
            "The sign is wrong: agreeing units lower the energy.": lambda W, s: 0.5 * s @ W @ s,
        },
    ),
}
