"""Exercises of `chapters/*/stocks`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _ewma_case(rng):
    return rng.standard_normal(int(rng.integers(4, 9))), float(rng.uniform(0.5, 0.99)), 1.5


def _ewma(returns, decay, start):
    v = [start]
    for r in returns:
        v.append(decay * v[-1] + (1 - decay) * r**2)
    return np.array(v)


def _qlike_case(rng):
    n = int(rng.integers(3, 9))
    return rng.uniform(0.3, 3, n), rng.standard_normal(n)


def _dm_case(rng):
    n = int(rng.integers(8, 20))
    return rng.standard_normal(n) ** 2, 1.5 * rng.standard_normal(n) ** 2


def _dm(losses_a, losses_b):
    d = losses_a - losses_b
    n = len(d)
    return d.mean() / np.sqrt(d.var() / n) * np.sqrt((n - 1) / n)


EXERCISES = {
    "ewma-variance": Exercise(
        case=_ewma_case,
        solution=_ewma,
        outputs=("v",),
        mistakes={
            "The weights are swapped: the old forecast has the weight decay.": (
                lambda returns, decay, start: _ewma(returns, 1 - decay, start)
            ),
            "v[t] must not know returns[t]: leave `start` in front, it is the first forecast.": (
                lambda returns, decay, start: _ewma(returns, decay, start)[1:]
            ),
            "Average the squares of the returns, not their absolute values.": (
                lambda returns, decay, start: _ewma(np.sqrt(np.abs(returns)), decay, start)
            ),
        },
    ),
    "qlike": Exercise(
        case=_qlike_case,
        solution=lambda v, r: np.mean(np.log(v) + r**2 / v),
        outputs=("the score",),
        mistakes={
            "The square of the return belongs above the variance, not below.": (
                lambda v, r: np.mean(np.log(v) + v / r**2)
            ),
            "v is a variance already: do not square it.": (
                lambda v, r: np.mean(np.log(v**2) + r**2 / v**2)
            ),
            "Without the logarithm the largest variance would always win.": (
                lambda v, r: np.mean(r**2 / v)
            ),
        },
    ),
    "diebold-mariano": Exercise(
        case=_dm_case,
        solution=_dm,
        outputs=("the statistic",),
        mistakes={
            "The correction sqrt((n - 1) / n) is missing.": (
                lambda a, b: (a - b).mean() / np.sqrt((a - b).var() / len(a))
            ),
            "Divide by the standard error of the mean: the variance over n.": (
                lambda a, b: (a - b).mean() / (a - b).std() * np.sqrt((len(a) - 1) / len(a))
            ),
            "The losses come in pairs: take the variance of their difference.": (
                lambda a, b: (
                    (a - b).mean()
                    / np.sqrt((a.var() + b.var()) / len(a))
                    * np.sqrt((len(a) - 1) / len(a))
                )
            ),
            "The difference is losses_a minus losses_b.": lambda a, b: -_dm(a, b),
        },
    ),
}
