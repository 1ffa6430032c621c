"""Exercises of `chapters/*/writing`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _scores_case(rng):
    scores = 3 * rng.standard_normal((6, 4))
    scores[2] += 1200  # e to the power of it overflows
    return scores, rng.integers(0, 4, 6)


def _probabilities(scores):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _guess_minus_fact(scores, y):
    return (_probabilities(scores) - np.eye(scores.shape[1])[y]) / len(y)


def _overflowing(scores, y):
    with np.errstate(over="ignore", invalid="ignore"):
        powers = np.exp(scores)
        p = powers / powers.sum(axis=1, keepdims=True)
    return (p - np.eye(scores.shape[1])[y]) / len(y)


def _draw_case(rng):
    p = rng.uniform(0.2, 1, 7)
    return p / p.sum(), rng.uniform(0.3, 0.7)


def _draw(p, u):
    return int((np.cumsum(p) < u).sum())


EXERCISES = {
    "writing-scores": Exercise(
        case=_scores_case,
        solution=_guess_minus_fact,
        outputs=("the gradient",),
        mistakes={
            "A power of e overflows: subtract the largest score of each row first.": _overflowing,
            "It is a mean: divide by the number of characters.": (
                lambda scores, y: _guess_minus_fact(scores, y) * len(y)
            ),
            "The sign is wrong: it is guess minus fact.": (
                lambda scores, y: -_guess_minus_fact(scores, y)
            ),
        },
    ),
    "writing-draw": Exercise(
        case=_draw_case,
        solution=_draw,
        outputs=("the character",),
        mistakes={
            "This is the likeliest character, whatever u is.": lambda p, u: int(np.argmax(p)),
            "It is the character after the right one: the first has the number 0.": (
                lambda p, u: _draw(p, u) + 1
            ),
            "The order is reversed: the first probability lies at 0.": (
                lambda p, u: len(p) - 1 - _draw(p[::-1], u)
            ),
        },
    ),
}
