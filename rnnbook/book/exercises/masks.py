"""Exercises of `chapters/outlook/masks`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _mask_case(rng):
    return float(rng.uniform(0.05, 0.6)), int(rng.integers(2, 12))


def _mask(p, k):
    return 1 - (1 - p) ** k, np.sqrt((1 - p) ** -k - 1)


def _mended_case(rng):
    """Three patterns in few units, so that they disturb each other; some of the state erased."""
    n = int(rng.integers(9, 16))
    patterns = rng.choice([-1.0, 1.0], size=(3, n))
    h = 2 * patterns[0] * rng.uniform(0.5, 1, n) * (rng.random(n) < 0.5)
    return patterns, h + 0.3 * rng.standard_normal(n)


def _mended(patterns, h):
    return np.sign(h @ patterns.T @ patterns)


def _without_own(patterns, h):
    """The vote of a unit for itself taken away, as in Hopfield's weights."""
    return np.sign(h @ patterns.T @ patterns - len(patterns) * h)


EXERCISES = {
    "mask-memory": Exercise(
        case=_mask_case,
        solution=_mask,
        outputs=("gone", "deviation"),
        mistakes={
            "This is the share that is left: the value is gone in all other sequences.": (
                lambda p, k: ((1 - p) ** k, _mask(p, k)[1])
            ),
            "This is one mask for the whole sequence: fresh masks are drawn k times.": (
                lambda p, k: (p, np.sqrt(p / (1 - p)))
            ),
            "This is the variance: the standard deviation is its root.": (
                lambda p, k: (_mask(p, k)[0], (1 - p) ** -k - 1)
            ),
            "Without the division by 1 - p at each step the mean would not stay 1.": (
                lambda p, k: (_mask(p, k)[0], np.sqrt((1 - p) ** k * (1 - (1 - p) ** k)))
            ),
        },
    ),
    "mended-memory": Exercise(
        case=_mended_case,
        solution=_mended,
        outputs=("the state",),
        mistakes={
            "These are the votes: take their sign.": (
                lambda patterns, h: h @ patterns.T @ patterns / len(h)
            ),
            "This is the nearest pattern: one round of votes need not arrive at any.": (
                lambda patterns, h: patterns[np.argmax(patterns @ h)]
            ),
            "Here no unit votes for itself: keep the diagonal of the weights.": _without_own,
            "This is the sign of what was left: let the patterns vote first.": (
                lambda patterns, h: np.sign(h)
            ),
        },
    ),
}
