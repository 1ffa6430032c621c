"""Exercises of `chapters/*/load-forecast`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _windows_case(rng):
    length, T, H = int(rng.integers(12, 20)), int(rng.integers(2, 5)), int(rng.integers(1, 4))
    return rng.standard_normal(length), T, H


def _windows(series, input_length, horizon):
    count = len(series) - input_length - horizon + 1
    X = np.stack([series[i : i + input_length] for i in range(count)])
    Y = np.stack([series[i + input_length : i + input_length + horizon] for i in range(count)])
    return X, Y


def _windows_that_leak(series, input_length, horizon):
    X, _ = _windows(series, input_length, horizon)
    first = input_length - 1
    Y = np.stack([series[i + first : i + first + horizon] for i in range(len(X))])
    return X, Y


def _windows_one_short(series, input_length, horizon):
    X, Y = _windows(series, input_length, horizon)
    return X[:-1], Y[:-1]


def _errors_case(rng):
    return tuple(rng.uniform(0.5, 2, 2))


def _blocks_case(rng):
    length, block = int(rng.integers(9, 15)), int(rng.integers(2, 5))
    starts = rng.integers(0, length - block + 1, -(-length // block))
    return rng.standard_normal(length), starts, block


def _glued(values, starts, block):
    return np.concatenate([values[s : s + block] for s in starts])[: len(values)]


EXERCISES = {
    "windows": Exercise(
        case=_windows_case,
        solution=_windows,
        outputs=("X", "Y"),
        mistakes={
            "Your targets start at the last input: the model is shown its answer.": (
                _windows_that_leak
            ),
            "You stop one window early: the last target may be the last value of the series.": (
                _windows_one_short
            ),
        },
    ),
    "skill": Exercise(
        case=_errors_case,
        solution=lambda error, reference_error: 1 - error / reference_error,
        outputs=("skill",),
        mistakes={
            "This is the ratio of the errors: skill is what it falls short of 1 by.": (
                lambda error, reference_error: error / reference_error
            ),
            "You divided by the model's error: divide by the reference's.": (
                lambda error, reference_error: 1 - reference_error / error
            ),
        },
    ),
    "load-blocks": Exercise(
        case=_blocks_case,
        solution=_glued,
        outputs=("values",),
        mistakes={
            "A start is a place among the values, not the number of a block.": (
                lambda values, starts, block: np.concatenate(
                    [np.roll(values, -s * block)[:block] for s in starts]
                )[: len(values)]
            ),
            "You drew single values: a block goes on with the values after its start.": (
                lambda values, starts, block: np.repeat(values[starts], block)[: len(values)]
            ),
            "You kept whole blocks: cut the end, so that there are as many values as before.": (
                lambda values, starts, block: np.concatenate(
                    [values[s : s + block] for s in starts]
                )
            ),
        },
    ),
}
