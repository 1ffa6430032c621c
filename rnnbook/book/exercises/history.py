"""Exercises of `chapters/*/history`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _latch_case(rng):
    return (rng.integers(0, 2, (20, 2)),)


def _threshold_unit(inputs, set_weight, reset_weight, loop):
    h, hs = 0, []
    for set_, reset in inputs:
        h = int(set_weight * set_ + reset_weight * reset + loop * h - 0.5 > 0)
        hs.append(h)
    return np.array(hs)


def _latch(inputs):
    return _threshold_unit(inputs, 2, -2, 1)


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
    "latch": Exercise(
        case=_latch_case,
        solution=_latch,
        outputs=("the states",),
        mistakes={
            "The state is not fed back: without input the unit must keep it.": (
                lambda inputs: _threshold_unit(inputs, 2, -2, 0)
            ),
            "Reset has no effect: it must overrule the loop.": (
                lambda inputs: _threshold_unit(inputs, 2, 0, 1)
            ),
            "Set and reset together must cancel; here reset wins.": (
                lambda inputs: _threshold_unit(inputs, 2, -4, 1)
            ),
        },
    ),
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
