"""Exercises of `chapters/*/recurrence`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _run_case(rng):
    T = int(rng.integers(2, 9))
    return tuple(rng.standard_normal(s) for s in ((2, 3), (3, 3), 3, (T, 2)))


def _last_state(W_x, W_h, b, x):
    h = np.zeros(len(b))
    for x_t in x:
        h = np.tanh(x_t @ W_x + h @ W_h + b)
    return h


def _last_state_alone(W_x, W_h, b, x):
    return np.tanh(x[-1] @ W_x + b)


def _last_state_reversed(W_x, W_h, b, x):
    return _last_state(W_x, W_h, b, x[::-1])


def _last_state_transposed(W_x, W_h, b, x):
    return _last_state(W_x, W_h.T, b, x)


def _cost_case(rng):
    return tuple(int(k) for k in rng.integers(2, 50, 3))


def _cost(T, D, H):
    return T * (D * H + H * H), 3 * T * D * H + T * (T + 1) * H


EXERCISES = {
    "last-state": Exercise(
        case=_run_case,
        solution=_last_state,
        outputs=("h",),
        mistakes={
            "The state of the step before is not used: only the last input counts.": (
                _last_state_alone
            ),
            "The sequence is read backwards.": _last_state_reversed,
            "W_h is transposed: the row is the old unit, so write h @ W_h.": (
                _last_state_transposed
            ),
        },
    ),
    "multiplications": Exercise(
        case=_cost_case,
        solution=_cost,
        outputs=("recurrence", "attention"),
        mistakes={
            "Step t looks at t steps, not at all T: the sum is T (T + 1) / 2.": (
                lambda T, D, H: (_cost(T, D, H)[0], 3 * T * D * H + 2 * T * T * H)
            ),
            "A key is compared, and a value is weighted: H multiplications each.": (
                lambda T, D, H: (_cost(T, D, H)[0], 3 * T * D * H + T * (T + 1) * H // 2)
            ),
            "You left out the recurrent product, H x H at every step.": (
                lambda T, D, H: (T * D * H, _cost(T, D, H)[1])
            ),
        },
    ),
}
