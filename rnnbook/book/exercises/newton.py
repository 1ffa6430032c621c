"""Exercises of `chapters/outlook/newton`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _sweep_case(rng):
    T = int(rng.integers(6, 15))
    return rng.standard_normal((2, T)) * 0.5, float(rng.uniform(0.5, 1.5))


def _sweep(guess_and_x, w):
    guess, x = guess_and_x
    before = np.append(0.0, guess[:-1])
    f = np.tanh(w * before + x)
    J = w * (1 - f * f)
    return _linear(J, f - J * before)


def _linear(a, b):
    h, hs = 0.0, []
    for a_t, b_t in zip(a, b, strict=True):
        h = a_t * h + b_t
        hs.append(h)
    return np.array(hs)


def _sweep_adding_f(guess_and_x, w):
    guess, x = guess_and_x
    f = np.tanh(w * np.append(0.0, guess[:-1]) + x)
    return _linear(w * (1 - f * f), f)


def _sweep_only_f(guess_and_x, w):
    guess, x = guess_and_x
    return np.tanh(w * np.append(0.0, guess[:-1]) + x)


def _sweep_slope_at_guess(guess_and_x, w):
    guess, x = guess_and_x
    before = np.append(0.0, guess[:-1])
    f, J = np.tanh(w * before + x), w * (1 - guess * guess)
    return _linear(J, f - J * before)


def _windows_case(rng):
    T, length = int(rng.integers(11, 20)), int(rng.integers(3, 6))
    T += T % length == 0  # an incomplete window at the end
    decay = rng.uniform(0.5, 0.9)

    def solve(x, h_0):
        h, hs = h_0, []
        for x_t in x:
            h = np.tanh(decay * h + x_t)
            hs.append(h)
        return np.array(hs)

    return solve, rng.standard_normal(T), float(rng.standard_normal()), length


def _windows(solve, x, h_0, length):
    pieces = []
    for start in range(0, len(x), length):
        pieces.append(solve(x[start : start + length], h_0))
        h_0 = pieces[-1][-1]
    return np.concatenate(pieces)


def _windows_from_the_start(solve, x, h_0, length):
    starts = range(0, len(x), length)
    return np.concatenate([solve(x[s : s + length], h_0) for s in starts])


def _windows_from_the_first_state(solve, x, h_0, length):
    pieces = []
    for start in range(0, len(x), length):
        pieces.append(solve(x[start : start + length], h_0))
        h_0 = pieces[-1][0]
    return np.concatenate(pieces)


EXERCISES = {
    "newton-sweep": Exercise(
        case=_sweep_case,
        solution=_sweep,
        outputs=("the states",),
        mistakes={
            "f is added whole: take off what the tangent already counts, J times the old state.": (
                _sweep_adding_f
            ),
            "That is one step from each old state; the new ones have to hang together.": (
                _sweep_only_f
            ),
            "The slope is that at the guess for this step; it belongs to the step from the last.": (
                _sweep_slope_at_guess
            ),
        },
    ),
    "newton-windows": Exercise(
        case=_windows_case,
        solution=_windows,
        outputs=("the states",),
        mistakes={
            "Each window starts at h_0 here: hand on the last state of the one before.": (
                _windows_from_the_start
            ),
            "The state that goes on is the last of a window, not its first.": (
                _windows_from_the_first_state
            ),
        },
    ),
}
