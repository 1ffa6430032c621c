"""Exercises of `chapters/tools/export`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _steps_case(rng):
    N, T, D, H = rng.permutation([2, 3, 4, 5])
    W_x, W_h = rng.standard_normal((D, H)), rng.standard_normal((H, H))

    def step(x_t, h):
        return np.tanh(np.asarray(x_t) @ W_x + np.asarray(h) @ W_h)

    return step, rng.standard_normal((N, T, D)), rng.standard_normal((N, H))


def _run_steps(step, x, h):
    hs = []
    for t in range(x.shape[1]):
        h = step(x[:, t], h)
        hs.append(h)
    return np.stack(hs, axis=1)


def _lengths_case(rng):
    multiple = int(rng.integers(2, 9))
    lengths = rng.integers(1, 50, 12)
    lengths[:2] = multiple, 3 * multiple  # some are multiples already
    return lengths, multiple


def _padded_lengths(lengths, multiple):
    return -(-lengths // multiple) * multiple


EXERCISES = {
    "loop-outside": Exercise(
        case=_steps_case,
        solution=_run_steps,
        outputs=("the states",),
        mistakes={
            "The axis of time stands first: stack the states along axis 1.": (
                lambda step, x, h: np.swapaxes(_run_steps(step, x, h), 0, 1)
            ),
            "Every step begins with the first state: hand the new state on.": (
                lambda step, x, h: np.stack([step(x_t, h) for x_t in np.swapaxes(x, 0, 1)], 1)
            ),
            "This is the last state alone; all of them are asked for.": (
                lambda step, x, h: _run_steps(step, x, h)[:, -1]
            ),
            "The sequence is read backwards.": (
                lambda step, x, h: _run_steps(step, x[:, ::-1], h)[:, ::-1]
            ),
        },
    ),
    "few-shapes": Exercise(
        case=_lengths_case,
        solution=_padded_lengths,
        outputs=("the padded lengths",),
        mistakes={
            "The lengths are cut to the multiple below: steps are lost.": (
                lambda lengths, multiple: lengths // multiple * multiple
            ),
            "A length that is a multiple already must stay.": (
                lambda lengths, multiple: (lengths // multiple + 1) * multiple
            ),
            "This is how many multiples it takes, not how many steps.": (
                lambda lengths, multiple: -(-lengths // multiple)
            ),
        },
    ),
}
