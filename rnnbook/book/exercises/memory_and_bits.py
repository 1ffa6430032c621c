"""Exercises of `chapters/outlook/memory-and-bits`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _case(rng):
    """Ends of the range that are often marks themselves, and as often lie between two."""
    digits = int(rng.integers(4, 9))
    first = int(rng.integers(2 ** (digits - 1), 2**digits - 4))
    last = int(rng.integers(first + 3, 2**digits + 1))
    over, under = rng.choice([0.0, 0.3, 0.6], 2)
    return (first + over) / 2**digits, (last - under) / 2**digits, digits


def _marks(low, high, digits):
    first = np.floor(low * 2**digits) + 1
    return np.arange(first, np.ceil(high * 2**digits)) / 2**digits


def _with_ends(low, high, digits):
    return np.arange(np.ceil(low * 2**digits), np.floor(high * 2**digits) + 1) / 2**digits


def _from_low(low, high, digits):
    return np.arange(low + 2.0**-digits, high, 2.0**-digits)


def _shares_case(rng):
    p = int(rng.integers(2, 6))
    sizes = rng.permutation(np.arange(3, 20))[:p]  # no two of them equal
    return rng.standard_normal((p, 4)), sizes


def _joined(means, sizes):
    return sizes @ means / sizes.sum()


EXERCISES = {
    "bits-marks": Exercise(
        case=_case,
        solution=_marks,
        outputs=("the numbers",),
        mistakes={
            "Strictly between: low and high themselves do not count.": _with_ends,
            "Do not count from low, which need not be a mark: count in multiples of 1/2^digits.": (
                _from_low
            ),
            "That is how far apart they stand from 1 to 2. Below 1 it is half of that.": (
                lambda low, high, digits: _marks(low, high, digits - 1)
            ),
            "One digit too many: the first digit after the point is a 1 and counts.": (
                lambda low, high, digits: _marks(low, high, digits + 1)
            ),
        },
    ),
    "bits-shares": Exercise(
        case=_shares_case,
        solution=_joined,
        outputs=("the gradient",),
        mistakes={
            "The plain mean of the means: a sequence of a small share then counts more.": (
                lambda means, sizes: means.mean(axis=0)
            ),
            "That is the sum over all sequences; the loss is a mean.": (
                lambda means, sizes: sizes @ means
            ),
        },
    ),
}
