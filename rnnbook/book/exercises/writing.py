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


def _draw_case(rng):
    p = np.append(rng.uniform(0.2, 0.3, 6), 0.5)  # the likeliest is the last
    return p / p.sum(), rng.uniform(0.1, 0.4)


def _draw(p, u):
    return int((np.cumsum(p) < u).sum())


EXERCISES = {
    "writing-scores": Exercise(
        case=_scores_case,
        solution=_guess_minus_fact,
        outputs=("the gradient",),
        mistakes={
            "This is p alone: subtract 1 at the character that came, then take the mean.": (
                lambda scores, y: _probabilities(scores) / len(y)
            ),
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
