"""Exercises of `chapters/*/society`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _recall_case(rng):
    classes, n = int(rng.integers(3, 6)), int(rng.integers(30, 50))
    targets = np.concatenate([np.arange(classes), rng.integers(0, classes, n) ** 2 // classes])
    answers = np.where(
        rng.random(len(targets)) < 0.6, targets, rng.integers(0, classes, n + classes)
    )
    return targets, answers


def _recall(targets, answers):
    return np.mean([np.mean(answers[targets == k] == k) for k in np.unique(targets)])


def _precision(targets, answers):
    said = np.unique(answers)
    return np.mean([np.mean(targets[answers == k] == k) for k in said])


def _prior_case(rng):
    n, k = int(rng.integers(3, 6)), int(rng.integers(3, 6))
    return (
        rng.dirichlet(np.ones(k), n),
        rng.dirichlet(3 * np.ones(k)),
        rng.dirichlet(3 * np.ones(k)),
    )


def _prior(posteriors, old, new):
    weighted = posteriors * new / old
    return weighted / weighted.sum(axis=1, keepdims=True)


EXERCISES = {
    "macro-recall": Exercise(
        case=_recall_case,
        solution=_recall,
        outputs=("macro recall",),
        mistakes={
            "This is the accuracy: every name counts the same. Every class should.": (
                lambda targets, answers: np.mean(targets == answers)
            ),
            "This is the mean precision: look at the places where a class is right, not said.": (
                _precision
            ),
        },
    ),
    "prior-shift": Exercise(
        case=_prior_case,
        solution=_prior,
        outputs=("the posteriors",),
        mistakes={
            "The rows must add up to 1 again.": lambda p, old, new: p * new / old,
            "The old base rates have to go out: divide by them.": (
                lambda p, old, new: _prior(p, np.ones_like(old), new)
            ),
            "Old and new base rates are swapped.": lambda p, old, new: _prior(p, new, old),
        },
    ),
}
