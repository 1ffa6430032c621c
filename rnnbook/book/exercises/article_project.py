"""Exercises of `chapters/*/article-project`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _weights_case(rng):
    D, H = rng.integers(1, 5, 2)
    return int(D), int(H)


def _series_case(rng):
    length, ahead = int(rng.integers(2, 5)), int(rng.integers(2, 4))
    return rng.standard_normal(int(rng.integers(10, 15))), length, ahead


def _sequences(series, length, ahead):
    count = len(series) - length - ahead + 1
    X = np.stack([series[i : i + length] for i in range(count)])
    return X[..., None], series[length + ahead - 1 :, None]


def _target_too_late(series, length, ahead):
    return _sequences(series, length, ahead + 1)


def _target_too_early(series, length, ahead):
    return _sequences(series, length, ahead - 1)


def _without_last_axis(series, length, ahead):
    X, Y = _sequences(series, length, ahead)
    return X[..., 0], Y[:, 0]


def _one_after_the_other(series, length, ahead):
    X, Y = _sequences(series, length, ahead)
    return X[::length], Y[::length]


EXERCISES = {
    "rnn-parameters": Exercise(
        case=_weights_case,
        solution=lambda D, H: D * H + H * H + H,
        outputs=("the number of parameters",),
        mistakes={
            "You left out the recurrent weights, H x H.": lambda D, H: D * H + H,
            "You left out the bias, one for each unit.": lambda D, H: D * H + H * H,
        },
    ),
    "sequences-ahead": Exercise(
        case=_series_case,
        solution=_sequences,
        outputs=("X", "Y"),
        mistakes={
            "Your targets come one step too late: one step ahead is the value that follows.": (
                _target_too_late
            ),
            "Your targets come one step too early: with ahead=1 they would be in the window.": (
                _target_too_early
            ),
            "The last axis is missing: X is (N, length, 1) and Y is (N, 1).": _without_last_axis,
            "Your windows don't overlap; there is one at every step of the series.": (
                _one_after_the_other
            ),
        },
    ),
}
