"""Exercises of `chapters/*/memory`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _chance_case(rng):
    symbols, items, lag = (int(k) for k in rng.integers(2, 12, 3))
    return symbols, items, lag


def _copy_loss(symbols, items, lag):
    return items * np.log(symbols) / (lag + 2 * items)


def _gate_case(rng):
    return (float(rng.uniform(2, 500)),)


def _bias(half_life):
    f = 0.5 ** (1 / half_life)
    return np.log(f / (1 - f))


EXERCISES = {
    "copy-chance": Exercise(
        case=_chance_case,
        solution=_copy_loss,
        outputs=("the loss",),
        mistakes={
            "The blanks are certain and cost nothing: only the items are guessed.": (
                lambda symbols, items, lag: np.log(symbols)
            ),
            "A sequence has the list twice, shown and repeated: lag + 2 items steps.": (
                lambda symbols, items, lag: items * np.log(symbols) / (lag + items)
            ),
            "Use the natural logarithm: the loss is in nats.": (
                lambda symbols, items, lag: _copy_loss(symbols, items, lag) / np.log(2)
            ),
        },
    ),
    "forget-bias": Exercise(
        case=_gate_case,
        solution=_bias,
        outputs=("the bias",),
        mistakes={
            "This is the gate's value, not its bias: undo the sigmoid.": (
                lambda half_life: 0.5 ** (1 / half_life)
            ),
            "The sign is wrong: a gate near 1 needs a positive bias.": lambda h: -_bias(h),
        },
    ),
}
