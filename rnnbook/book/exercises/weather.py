"""Exercises of `chapters/*/weather`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _best_case(rng):
    changes = np.round(rng.gamma(1.0, 3.0, 2 * int(rng.integers(3, 7)) + 1), 1)
    return changes, str(rng.choice(["absolute", "squared"]))


def _best(changes, loss):
    return np.mean(changes) if loss == "squared" else np.median(changes)


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


EXERCISES = {
    "best-constant": Exercise(
        case=_best_case,
        solution=_best,
        outputs=("the constant",),
        mistakes={
            "The sum of absolute errors is smallest at the median, not at the mean.": (
                lambda changes, loss: np.mean(changes)
            ),
            "The two are swapped: squares lead to the mean, absolute values to the median.": (
                lambda changes, loss: np.median(changes) if loss == "squared" else np.mean(changes)
            ),
            "Halfway between the smallest and the largest change the largest error is smallest.": (
                lambda changes, loss: (np.min(changes) + np.max(changes)) / 2
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
}
