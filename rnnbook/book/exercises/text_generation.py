"""Exercises of `chapters/applications/language/text-generation`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _distribution(rng):
    p = rng.dirichlet(np.full(int(rng.integers(5, 12)), 0.8))
    p[int(rng.integers(len(p)))] = 0.0
    return p / p.sum()


def _nucleus(p, mass, shift=0, normalise=True):
    order = np.argsort(-p)
    before = np.cumsum(p[order]) - (1 - shift) * p[order]
    kept = np.zeros_like(p)
    kept[order] = np.where(before < mass, p[order], 0)
    return kept / kept.sum() if normalise else kept


def _nucleus_case(rng):
    p = _distribution(rng)
    return p, float(rng.uniform(p.max() + 0.02, 0.95) if p.max() < 0.9 else 0.95)


def _conditioned(begins, ends, allowed):
    joint = begins[:, None] * ends * allowed
    return joint / joint.sum()


def _masked(begins, ends, allowed):
    kept = ends * allowed
    return begins[:, None] * kept / kept.sum(axis=1, keepdims=True)


def _conditioned_case(rng):
    beginnings, tokens = int(rng.integers(2, 4)), int(rng.integers(4, 7))
    allowed = rng.random((beginnings, tokens)) < 0.4
    allowed[:, 0] = [k == 0 for k in range(beginnings)]  # rows differ
    allowed[:, 1] = True  # and none is empty
    begins = rng.dirichlet(np.full(beginnings, 3.0))
    return begins, rng.dirichlet(np.ones(tokens), size=beginnings), allowed


EXERCISES = {
    "nucleus": Exercise(
        case=_nucleus_case,
        solution=_nucleus,
        outputs=("the distribution",),
        mistakes={
            "The token that reaches the mass belongs to the nucleus as well.": (
                lambda p, mass: _nucleus(p, mass, shift=1)
            ),
            "It does not sum to one: divide by what was kept.": (
                lambda p, mass: _nucleus(p, mass, normalise=False)
            ),
        },
    ),
    "conditioned": Exercise(
        case=_conditioned_case,
        solution=_conditioned,
        outputs=("the probabilities of the pairs",),
        mistakes={
            "This is masking: each beginning keeps its probability. Divide by one sum for all.": (
                _masked
            ),
            "The pairs do not sum to one: divide by what the rule leaves.": (
                lambda begins, ends, allowed: begins[:, None] * ends * allowed
            ),
            "The beginnings are not equally probable: multiply by begins.": (
                lambda begins, ends, allowed: _conditioned(np.ones_like(begins), ends, allowed)
            ),
        },
    ),
}
