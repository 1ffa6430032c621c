"""Exercises of `chapters/outlook/state-space`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _factors(rng, number):
    return rng.uniform(0.5, 0.95, number) * np.exp(1j * rng.uniform(0.3, 2.8, number))


def _state_case(rng):
    return _factors(rng, 3), rng.standard_normal(int(rng.integers(5, 10)))


def _complex_state(factors, x):
    return x @ factors ** np.arange(len(x))[::-1, None]


def _last_state(factors, x):
    return _complex_state(factors, x).real


def _half_life_case(rng):
    return (_factors(rng, 4),)


def _half_life(factors):
    return np.log(0.5) / np.log(np.abs(factors))


def _hold_case(rng):
    return -float(rng.uniform(0.5, 3)), float(rng.uniform(0.2, 0.8))


def _hold(a, dt):
    factor = np.exp(a * dt)
    return factor, (factor - 1) / a


EXERCISES = {
    "state-by-powers": Exercise(
        case=_state_case,
        solution=_last_state,
        outputs=("the real parts",),
        mistakes={
            "The powers are in the wrong order: the first number was multiplied most often.": (
                lambda factors, x: _last_state(factors, x[::-1])
            ),
            "One power too many: the last number has not been multiplied at all.": (
                lambda factors, x: (factors * _complex_state(factors, x)).real
            ),
        },
    ),
    "half-life": Exercise(
        case=_half_life_case,
        solution=_half_life,
        outputs=("the steps",),
        mistakes={
            "That is how long it takes until a share of 1 / e is left, not a half.": (
                lambda factors: -1 / np.log(np.abs(factors))
            ),
            "1 / (1 - |factor|) is near that of 1 / e for factors close to 1, and no half.": (
                lambda factors: 1 / (1 - np.abs(factors))
            ),
            "The real part turns with the angle; what fades is the size.": (
                lambda factors: np.log(0.5) / np.log(np.abs(factors.real))
            ),
        },
    ),
    "hold-step": Exercise(
        case=_hold_case,
        solution=_hold,
        outputs=("the factor", "the factor of the input"),
        mistakes={
            "These are the first terms only (Euler's step): exact for small steps alone.": (
                lambda a, dt: (1 + a * dt, dt)
            ),
            "The input acts during the whole step: dt alone leaves out that it fades, too.": (
                lambda a, dt: (np.exp(a * dt), dt)
            ),
            "The second one has the wrong sign: (factor - 1) / a.": (
                lambda a, dt: (np.exp(a * dt), -_hold(a, dt)[1])
            ),
        },
    ),
}
