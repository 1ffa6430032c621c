"""Exercises of `chapters/*/weather`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _pinball_case(rng):
    n = int(rng.integers(5, 12))
    return rng.standard_normal(n), rng.standard_normal(n), float(rng.choice([0.1, 0.25, 0.9]))


def _pinball(q, y, level):
    e = y - q
    return np.mean(np.maximum(level * e, (level - 1) * e))


def _recursive_case(rng):
    lags = int(rng.integers(2, 5))
    weights = rng.uniform(-0.6, 0.6, lags)
    return weights, float(rng.normal()), rng.standard_normal(lags + 3), int(rng.integers(3, 7))


def _recursive(weights, bias, past, horizon):
    known = list(past)
    for _ in range(horizon):
        last = known[: -len(weights) - 1 : -1]
        known.append(bias + weights @ np.array(last))
    return np.array(known[len(past) :])


def _old_inputs(weights, bias, past, horizon):
    return np.full(horizon, _recursive(weights, bias, past, 1)[0])


def _bias_once(weights, bias, past, horizon):
    first = _recursive(weights, bias, past, 1)
    return np.append(first, _recursive(weights, 0.0, np.append(past, first), horizon - 1))


def _fill_case(rng):
    values = rng.standard_normal(int(rng.integers(10, 16)))
    measured = rng.random(len(values)) < 0.6
    measured[0], measured[3:5] = True, False
    measured[5] = True
    return values, measured


def _fill(values, measured):
    filled, age = np.array(values, float), np.zeros(len(values))
    for t in range(1, len(values)):
        if not measured[t]:
            filled[t], age[t] = filled[t - 1], age[t - 1] + 1
    return filled, age


def _straight_lines(values, measured):
    place = np.arange(len(values))
    return np.interp(place, place[measured], values[measured]), _fill(values, measured)[1]


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
    "recursive-forecast": Exercise(
        case=_recursive_case,
        solution=_recursive,
        outputs=("the forecasts",),
        mistakes={
            "weights[0] belongs to the latest value: turn the past round.": (
                lambda weights, bias, past, horizon: _recursive(weights[::-1], bias, past, horizon)
            ),
            "Every forecast becomes the latest input of the next one.": _old_inputs,
            "The bias is added at every step, not at the first only.": _bias_once,
        },
    ),
    "fill-forward": Exercise(
        case=_fill_case,
        solution=_fill,
        outputs=("filled", "age"),
        mistakes={
            "A straight line to the next measurement uses the future: repeat the last value.": (
                _straight_lines
            ),
            "A gap holds the last value that was measured, not zero.": (
                lambda values, measured: (
                    np.where(measured, values, 0.0),
                    _fill(values, measured)[1],
                )
            ),
            "The age counts the hours since the last measurement, and is not 1 throughout a gap.": (
                lambda values, measured: (_fill(values, measured)[0], 1.0 - measured)
            ),
        },
    ),
}
