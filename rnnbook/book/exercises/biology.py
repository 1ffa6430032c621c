"""Exercises of `chapters/outlook/biology`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _strand_case(rng):
    return (rng.integers(0, 4, (3, 12)),)


def _reverse_complement(bases):
    return 3 - bases[:, ::-1]


def _columns_case(rng):
    windows = rng.integers(0, 4, (40, 6))
    windows[:, 2] = 3  # one base alone
    windows[:, 4] //= 2  # two bases of four
    return (windows,)


def _shares(windows):
    return (windows[:, :, None] == np.arange(4)).mean(axis=0)


def _entropy(windows):
    shares = _shares(windows)
    return -(shares * np.log2(np.where(shares > 0, shares, 1))).sum(axis=1)


def _information(windows):
    return 2 - _entropy(windows)


def _slide_case(rng):
    matrix, pieces = rng.normal(size=(5, 4)), rng.integers(0, 4, (6, 12))
    pieces[0, -5:] = matrix.argmax(axis=1)  # the best fit is the last one
    pieces[1, :5] = matrix.argmax(axis=1)
    return matrix, pieces


def _scores(W, x):
    starts = range(x.shape[1] - len(W) + 1)
    return np.stack([W[np.arange(len(W)), x[:, t : t + len(W)]].sum(axis=1) for t in starts], 1)


def _best(W, x):
    return _scores(W, x).max(axis=1)


EXERCISES = {
    "reverse-complement": Exercise(
        case=_strand_case,
        solution=_reverse_complement,
        outputs=("the other strand",),
        mistakes={
            "The bases are paired, but the other strand is read the other way round.": (
                lambda bases: 3 - bases
            ),
            "It is reversed, but each base must be replaced by its partner, 3 - b.": (
                lambda bases: bases[:, ::-1]
            ),
            "This turns the order of the windows around, not that of their bases.": (
                lambda bases: 3 - bases[::-1]
            ),
        },
    ),
    "information-content": Exercise(
        case=_columns_case,
        solution=_information,
        outputs=("the information",),
        mistakes={
            "This is the entropy: the information is what it lacks of two bits.": _entropy,
            "This is in nats: take logarithms to base 2.": (
                lambda windows: np.log(2) * _information(windows)
            ),
            "This is the largest share in each column.": (
                lambda windows: _shares(windows).max(axis=1)
            ),
        },
    ),
    "slide": Exercise(
        case=_slide_case,
        solution=_best,
        outputs=("the best score",),
        mistakes={
            "One start is missing: the matrix fits T - K + 1 times.": (
                lambda W, x: _scores(W, x)[:, :-1].max(axis=1)
            ),
            "This is the start of the best fit, not its score.": (
                lambda W, x: _scores(W, x).argmax(axis=1)
            ),
            "This is the mean over all starts: the best one is asked for.": (
                lambda W, x: _scores(W, x).mean(axis=1)
            ),
            "The matrix is turned around: its first row belongs to the first base.": (
                lambda W, x: _best(W[::-1], x)
            ),
        },
    ),
}
