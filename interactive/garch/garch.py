"""GARCH's three numbers on the returns of a share, run by the package's plain RNN."""

import functools
import itertools

import numpy as np
from scipy.signal import lfilter

from rnnbook import data as sets
from rnnbook.numpy import rnn

LARGEST = {}  # every setting is as large


@functools.cache
def returns():
    """Daily returns of IBM from 2007 to 2010, in percent."""
    price = sets.load_stocks().loc["IBM", "Adj Close"].loc["2006-12-29":"2010-12-31"]
    return (100 * np.diff(np.log(price.to_numpy()))).round(3)


def data():
    dates = sets.load_stocks().loc["IBM"].loc["2007":"2010"].index
    begins = [int(dates.searchsorted(f"{year}-01-01")) for year in range(2007, 2011)]
    return {"returns": returns().tolist(), "begins": begins, "fitted": fitted()}


@functools.cache
def fitted():
    """The three numbers that make the returns most likely, to three digits: downhill on grids."""
    squares = returns() ** 2

    def quick(numbers):
        omega, alpha, beta = numbers
        if min(numbers) <= 0 or alpha + beta >= 1:
            return np.inf
        first = squares.mean()
        driven = omega + alpha * squares[:-1]
        v = np.append(first, lfilter([1], [1, -beta], driven, zi=[beta * first])[0])
        return np.mean(0.5 * (np.log(2 * np.pi * v) + squares / v))

    best = (0.1, 0.1, 0.85)
    for size in (0.02, 0.005, 0.001):
        steps = [np.array(step) * size for step in itertools.product((-1, 0, 1), repeat=3)]
        while (better := min((tuple(best + step) for step in steps), key=quick)) != best:
            best = tuple(np.round(better, 3))
    return dict(zip(("omega", "alpha", "beta"), map(float, best), strict=True))


def variances(omega, alpha, beta):
    """The forecast variance of every day; it starts at the mean of all squares."""
    squares = returns() ** 2
    weights = rnn.Params(np.array([[alpha]]), np.array([[beta]]), np.array([omega]))
    first = squares.mean()
    hs, _, _ = rnn.forward(
        weights, squares[None, :-1, None], np.array([[first]]), activation="relu"
    )
    return np.append(first, hs[0, :, 0])


def cost(numbers):
    """Minus the mean log-likelihood of a day."""
    v = variances(*numbers)
    return float(np.mean(0.5 * (np.log(2 * np.pi * v) + returns() ** 2 / v)))


def random_settings(rng):
    """Settings that a reader could choose."""
    return {
        "omega": float(rng.uniform(0.01, 1)),
        "alpha": float(rng.uniform(0, 0.5)),
        "beta": float(rng.uniform(0, 0.99)),
    }


def reference(settings):
    numbers = [settings[name] for name in ("omega", "alpha", "beta")]
    v = variances(*numbers)
    outside = np.abs(returns()) > 1.645 * np.sqrt(v)
    return {"v": v.tolist(), "cost": cost(numbers), "outside": float(outside.mean())}
