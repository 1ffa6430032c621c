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


def _bits_case(rng):
    return (rng.integers(0, 2, 30),)


def _modulo_three(bits):
    return np.cumsum(bits) % 3


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
    "modulo-three": Exercise(
        case=_bits_case,
        solution=_modulo_three,
        outputs=("the counts",),
        mistakes={
            "This is the parity: the count must go up to 2.": lambda bits: np.cumsum(bits) % 2,
            "The count goes on: at 3 it starts again from 0.": lambda bits: np.cumsum(bits),
            "The bit that was just read counts, too.": (lambda bits: (np.cumsum(bits) - bits) % 3),
        },
    ),
}
