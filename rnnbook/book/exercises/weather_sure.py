"""Exercises of `chapters/*/weather-sure`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _pinball_case(rng):
    n = int(rng.integers(5, 12))
    return rng.standard_normal(n), rng.standard_normal(n), float(rng.choice([0.1, 0.25, 0.9]))


def _pinball(q, y, level):
    e = y - q
    return np.mean(np.maximum(level * e, (level - 1) * e))


def _shift_case(rng):
    y = rng.standard_normal(int(rng.integers(12, 30)))
    middle = y + rng.standard_normal(len(y))
    half = rng.uniform(0.3, 3.0, len(y))
    return middle - half, middle + half, y, float(rng.choice([0.5, 0.7, 0.9]))


def _shift(low, high, y, share):
    return np.quantile(np.maximum(low - y, y - high), share)


EXERCISES = {
    "pinball-loss": Exercise(
        case=_pinball_case,
        solution=_pinball,
        outputs=("the loss",),
        mistakes={
            "The weights are swapped: with a high level, a forecast that is too low costs more.": (
                lambda q, y, level: _pinball(q, y, 1 - level)
            ),
            "This is half of the absolute error, the loss of the median: use the level.": (
                lambda q, y, level: np.mean(np.abs(y - q)) / 2
            ),
            "Take the mean over the targets, not the sum.": (
                lambda q, y, level: len(y) * _pinball(q, y, level)
            ),
        },
    ),
    "conformal-shift": Exercise(
        case=_shift_case,
        solution=_shift,
        outputs=("the shift",),
        mistakes={
            "An outcome may lie below the low end, too: take the larger of both distances.": (
                lambda low, high, y, share: np.quantile(y - high, share)
            ),
            "The quantile is that of the share that is to lie inside, not outside.": (
                lambda low, high, y, share: _shift(low, high, y, 1 - share)
            ),
            "What lies inside counts as negative, not as zero: the ends may move inwards.": (
                lambda low, high, y, share: np.quantile(
                    np.maximum(0, np.maximum(low - y, y - high)), share
                )
            ),
        },
    ),
}
