"""Exercises of `chapters/*/history`."""

import numpy as np

from rnnbook.exercises.checker import Exercise


def _patterns_case(rng):
    return (rng.choice([-1.0, 1.0], (3, 8)),)


def _hopfield_weights(patterns):
    W = patterns.T @ patterns / patterns.shape[1]
    return W - np.diag(np.diag(W))


def _states_case(rng):
    return _hopfield_weights(*_patterns_case(rng)), rng.choice([-1.0, 1.0], 8)


def _energy(W, s):
    return -0.5 * s @ W @ s


def _scan_case(rng):
    return rng.uniform(-1, 1, 9), rng.standard_normal(9)


def _linear_recurrence(a, b):
    h, hs = 0.0, []
    for a_t, b_t in zip(a, b, strict=True):
        h = a_t * h + b_t
        hs.append(h)
    return np.array(hs)


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
    "linear-recurrence": Exercise(
        case=_scan_case,
        solution=_linear_recurrence,
        outputs=("h",),
        mistakes={
            "a_t multiplies the old state, not the new input.": (lambda a, b: np.cumsum(a * b)),
            "The state of the step before is left out.": lambda a, b: b,
        },
    ),
}
