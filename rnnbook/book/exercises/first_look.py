"""Exercises of `chapters/background/first-look`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _case(rng):
    words = ["".join(rng.choice(list("abcde"), size=n)) for n in rng.integers(2, 7, size=4)]
    return (" ".join(words),)


def _counts(sentence, *, at_space=0, resets=True):
    state, states = 0, []
    for letter in sentence:
        if letter != " ":
            state = state + 1
        elif resets:
            state = at_space
        states.append(state)
    return np.array(states)


def _shares(scores, *, base=np.e, of_powers=True, largest=False):
    powers = base**scores if of_powers else scores
    return powers / (powers.max() if largest else powers.sum())


EXERCISES = {
    "first-look-shares": Exercise(
        case=lambda rng: (rng.normal(0, 2, size=int(rng.integers(3, 7))),),
        solution=_shares,
        outputs=("the shares",),
        mistakes={
            "Divide by the total of the powers, or they do not add up to 1.": np.exp,
            "Raise e to the power of each score first: a score may be negative.": (
                lambda s: _shares(s, of_powers=False)
            ),
            "The powers are of the number e, not of 2.": lambda s: _shares(s, base=2.0),
            "Divide by the total of the powers, not by the largest.": (
                lambda s: _shares(s, largest=True)
            ),
        },
    ),
    "first-look-counts": Exercise(
        case=_case,
        solution=_counts,
        outputs=("the states",),
        mistakes={
            "At a space the count begins again, at 0.": lambda s: _counts(s, resets=False),
            "The space itself is 0; the letter after it is the first.": (
                lambda s: _counts(s, at_space=1)
            ),
            "This counts from the beginning of the sentence, spaces too.": (
                lambda s: np.arange(1, len(s) + 1)
            ),
        },
    ),
}
