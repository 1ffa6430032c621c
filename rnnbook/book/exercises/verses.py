"""Exercises of `chapters/applications/language/verses`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _ibm_case(rng):
    t = rng.uniform(0.1, 1, (6, 7))
    f, e = rng.integers(0, 6, 4), rng.integers(0, 7, 5)
    f[1], e[2] = f[0], e[0]  # words that occur twice
    return t / t.sum(axis=1, keepdims=True), f, e


def _spread(t, f, e, share):
    counts = np.zeros_like(t)
    np.add.at(counts, np.ix_(f, e), share)
    return counts


def _ibm_counts(t, f, e):
    share = t[np.ix_(f, e)]
    return _spread(t, f, e, share / share.sum(axis=0))


def _ibm_without_repetition(t, f, e):
    share = t[np.ix_(f, e)]
    counts = np.zeros_like(t)
    counts[np.ix_(f, e)] += share / share.sum(axis=0)
    return counts


def _over_english(t, f, e):
    share = t[np.ix_(f, e)]
    return _spread(t, f, e, share / share.sum(axis=1, keepdims=True))


def _bleu_case(rng):
    output = int(rng.integers(20, 40))
    totals = output - np.arange(4)
    found = np.sort(rng.integers(1, totals[-1], 4))[::-1].copy()
    return found, totals, output, output + int(rng.choice([-9, -5, 4, 8, 12]))


def _precision(found, totals):
    return 100 * np.exp(np.log(found / totals).mean())


def _penalty(output, reference):
    return min(1.0, np.exp(1 - reference / output))


def _bleu(found, totals, output, reference):
    return _precision(found, totals) * _penalty(output, reference)


EXERCISES = {
    "ibm-counts": Exercise(
        case=_ibm_case,
        solution=_ibm_counts,
        outputs=("the counts",),
        mistakes={
            "Each English word is shared among the Spanish words: normalise over f, not over e.": (
                _over_english
            ),
            "The shares are not normalised: each English word must count once in all.": (
                lambda t, f, e: _spread(t, f, e, t[np.ix_(f, e)])
            ),
            "A word that occurs twice is counted once: use np.add.at.": _ibm_without_repetition,
        },
    ),
    "bleu": Exercise(
        case=_bleu_case,
        solution=_bleu,
        outputs=("BLEU",),
        mistakes={
            "The penalty for short outputs is missing.": (
                lambda found, totals, output, reference: _precision(found, totals)
            ),
            "Long outputs get a reward: the penalty is 1 at most.": (
                lambda found, totals, output, reference: (
                    _precision(found, totals) * np.exp(1 - reference / output)
                )
            ),
            "The penalty is the wrong way round: it punishes the long outputs.": (
                lambda found, totals, output, reference: (
                    _precision(found, totals) * _penalty(reference, output)
                )
            ),
            "This is the arithmetic mean of the four shares; BLEU takes the geometric one.": (
                lambda found, totals, output, reference: (
                    100 * (found / totals).mean() * _penalty(output, reference)
                )
            ),
            "BLEU is reported from 0 to 100.": (
                lambda found, totals, output, reference: (
                    _bleu(found, totals, output, reference) / 100
                )
            ),
        },
    ),
}
