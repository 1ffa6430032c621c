"""Exercises of `chapters/*/forward`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _step_case(rng):
    arrays = tuple(rng.standard_normal(s) for s in ((3, 3), (3, 3), 3, (4, 3), (4, 3)))
    return *arrays, np.array([True, False, True, False])


def _step(W_x, W_h, b, x_t, h, counts):
    return np.where(counts[:, None], np.tanh(x_t @ W_x + h @ W_h + b), h)


def _lengths_case(rng):
    return rng.standard_normal((4, 6, 3)), rng.integers(1, 6, 4)


def _last_valid(hs, lengths):
    return hs[np.arange(len(hs)), lengths - 1]


def _both_case(rng):
    shapes = ((2, 3), (3, 3), 3, (2, 3), (3, 3), 3, (5, 2))
    return tuple(rng.standard_normal(s) for s in shapes)


def _run(W_x, W_h, b, x):
    h, hs = np.zeros(len(b)), []
    for x_t in x:
        h = np.tanh(x_t @ W_x + h @ W_h + b)
        hs.append(h)
    return np.stack(hs)


def _bidirectional(W_x, W_h, b, V_x, V_h, c, x):
    return np.concatenate([_run(W_x, W_h, b, x), _run(V_x, V_h, c, x[::-1])[::-1]], axis=-1)


def _not_turned_back(W_x, W_h, b, V_x, V_h, c, x):
    return np.concatenate([_run(W_x, W_h, b, x), _run(V_x, V_h, c, x[::-1])], axis=-1)


def _not_reversed(W_x, W_h, b, V_x, V_h, c, x):
    return np.concatenate([_run(W_x, W_h, b, x), _run(V_x, V_h, c, x)], axis=-1)


EXERCISES = {
    "masked-step": Exercise(
        case=_step_case,
        solution=_step,
        outputs=("h",),
        mistakes={
            "The mask is ignored: at a step that does not count the state is kept.": (
                lambda W_x, W_h, b, x_t, h, counts: np.tanh(x_t @ W_x + h @ W_h + b)
            ),
            "At a step that does not count the state is kept; only the output is zero.": (
                lambda W_x, W_h, b, x_t, h, counts: (
                    counts[:, None] * np.tanh(x_t @ W_x + h @ W_h + b)
                )
            ),
            "W_x belongs to the input and W_h to the state: they are exchanged.": (
                lambda W_x, W_h, b, x_t, h, counts: _step(W_h, W_x, b, x_t, h, counts)
            ),
            "No input enters: this is the article's equation, a function of the state only.": (
                lambda W_x, W_h, b, x_t, h, counts: _step(0 * W_x, W_h, b, x_t, h, counts)
            ),
        },
    ),
    "last-valid": Exercise(
        case=_lengths_case,
        solution=_last_valid,
        outputs=("h",),
        mistakes={
            "This is the last row, which for short sequences is padding.": (
                lambda hs, lengths: hs[:, -1]
            ),
            "Counting starts at 0: the last of L steps is number L - 1.": (
                lambda hs, lengths: hs[np.arange(len(hs)), lengths]
            ),
        },
    ),
    "bidirectional": Exercise(
        case=_both_case,
        solution=_bidirectional,
        outputs=("hs",),
        mistakes={
            "Turn the second direction's outputs back, so that row t belongs to input t.": (
                _not_turned_back
            ),
            "The second direction must read the sequence from its end.": _not_reversed,
        },
    ),
}
