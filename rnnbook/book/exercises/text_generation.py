"""Exercises of `chapters/applications/language/text-generation`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _distribution(rng):
    p = rng.dirichlet(np.full(int(rng.integers(5, 12)), 0.8))
    p[int(rng.integers(len(p)))] = 0.0
    return p / p.sum()


def _sharpened(p, temperature):
    powers = p ** (1 / temperature)
    return powers / powers.sum()


def _nucleus(p, mass, shift=0, normalise=True):
    order = np.argsort(-p)
    before = np.cumsum(p[order]) - (1 - shift) * p[order]
    kept = np.zeros_like(p)
    kept[order] = np.where(before < mass, p[order], 0)
    return kept / kept.sum() if normalise else kept


def _nucleus_case(rng):
    p = _distribution(rng)
    return p, float(rng.uniform(p.max() + 0.02, 0.95) if p.max() < 0.9 else 0.95)


EXERCISES = {
    "temperature": Exercise(
        case=lambda rng: (_distribution(rng), float(rng.choice([0.5, 0.7, 1.5]))),
        solution=_sharpened,
        outputs=("the distribution",),
        mistakes={
            "It does not sum to one: divide by the sum of the powers.": (
                lambda p, temperature: p ** (1 / temperature)
            ),
            "The exponent is 1 / temperature: a low temperature sharpens.": (
                lambda p, temperature: _sharpened(p, 1 / temperature)
            ),
            "Probabilities are powered, not divided: dividing changes nothing.": (
                lambda p, temperature: p / temperature / (p / temperature).sum()
            ),
        },
    ),
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
}
