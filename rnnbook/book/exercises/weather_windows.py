"""Exercises of `chapters/*/weather-windows`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _untouched_case(rng):
    length, past, horizon = int(rng.integers(40, 60)), int(rng.integers(3, 6)), 2
    held = np.zeros(length, bool)
    start = int(rng.integers(12, length - 16))
    held[start : start + int(rng.integers(4, 8))] = True
    return np.arange(past, length - horizon + 1), past, horizon, held


def _touched(origins, before, after, held):
    hours = origins[:, None] + np.arange(-before, after)
    return held[np.clip(hours, 0, len(held) - 1)].any(axis=1)


def _untouched(origins, past, horizon, held):
    return ~_touched(origins, past, horizon, held)


def _summed_case(rng):
    return float(rng.normal(10)), rng.standard_normal(int(rng.integers(4, 9)))


EXERCISES = {
    "untouched": Exercise(
        case=_untouched_case,
        solution=_untouched,
        outputs=("the rows to learn from",),
        mistakes={
            "The window reads from the past as well: no hour of it may be held out.": (
                lambda origins, past, horizon, held: ~_touched(origins, 0, horizon, held)
            ),
            "The targets belong to the window, too.": (
                lambda origins, past, horizon, held: ~_touched(origins, past, 0, held)
            ),
            "These are the windows to leave out: turn it round.": (
                lambda origins, past, horizon, held: _touched(origins, past, horizon, held)
            ),
        },
    ),
    "undo-differences": Exercise(
        case=_summed_case,
        solution=lambda last, changes: last + np.cumsum(changes),
        outputs=("the levels",),
        mistakes={
            "Each level contains all changes up to it, and not only its own.": (
                lambda last, changes: last + changes
            ),
            "Begin at the last known value.": lambda last, changes: np.cumsum(changes),
            "The first level contains the first change already.": (
                lambda last, changes: last + np.cumsum(changes) - changes
            ),
        },
    ),
}
