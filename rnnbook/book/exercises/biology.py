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


def _odds_case(rng):
    junctions = np.maximum(rng.integers(0, 4, (30, 5)), rng.integers(0, 4, (30, 5)))
    return junctions, rng.integers(0, 4, (50, 5))


def _chances(windows, more):
    counts = (windows[:, :, None] == np.arange(4)).sum(axis=0) + more
    return counts / counts.sum(axis=1, keepdims=True)


def _log_odds(junctions, others):
    return np.log(_chances(junctions, 1) / _chances(others, 1))


def _not_normalised(junctions, others):
    counts = [(w[:, :, None] == np.arange(4)).sum(axis=0) + 1 for w in (junctions, others)]
    return np.log(counts[0] / counts[1])


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
    "log-odds": Exercise(
        case=_odds_case,
        solution=_log_odds,
        outputs=("the log odds",),
        mistakes={
            "Turn counts into shares first: the two groups differ in size.": _not_normalised,
            "The background is the share in the other windows, not one quarter.": (
                lambda junctions, others: np.log(4 * _chances(junctions, 1))
            ),
            "The ratio stands upside down.": (
                lambda junctions, others: _log_odds(others, junctions)
            ),
        },
    ),
}
