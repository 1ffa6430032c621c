"""Exercises of `chapters/*/lstm-gates`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise

N, H = 3, 4


def _chrono_case(rng):
    return (rng.uniform(1, 99, H),)


def _chrono(u):
    return -np.log(u), np.log(u)


def _coupled_case(rng):
    f, g = rng.uniform(0.1, 0.9, (N, H)), rng.uniform(-0.9, 0.9, (N, H))
    c_prev, dc = rng.standard_normal((2, N, H))
    return f, g, c_prev, dc


def _coupled(f, g, c_prev, dc, *, partner=1, slope=True, candidate=1):
    da_f = dc * (c_prev - partner * g) * (f * (1 - f) if slope else 1)
    da_g = dc * (1 - f if candidate else f) * (1 - g**2)
    return da_f, da_g, dc * f


EXERCISES = {
    "lstm-chrono": Exercise(
        case=_chrono_case,
        solution=_chrono,
        outputs=("b_i", "b_f"),
        mistakes={
            "You exchanged the two: what is kept long has a large forget bias.": (
                lambda u: _chrono(u)[::-1]
            ),
            "You returned the memory itself: the bias is its logarithm.": lambda u: (-u, u),
            "You left the input gate at a half: with i + f = 1 its bias is -b_f.": (
                lambda u: (np.zeros_like(u), np.log(u))
            ),
        },
    ),
    "lstm-coupled": Exercise(
        case=_coupled_case,
        solution=_coupled,
        outputs=("da_f", "da_g", "dc_prev"),
        mistakes={
            "The gate also stands in 1 - f, the candidate's factor: subtract g.": (
                lambda *arguments: _coupled(*arguments, partner=0)
            ),
            "The sign of the candidate is wrong: it is written with 1 - f.": (
                lambda *arguments: _coupled(*arguments, partner=-1)
            ),
            "You stopped at the gate: multiply by its slope, f (1 - f).": (
                lambda *arguments: _coupled(*arguments, slope=False)
            ),
            "The candidate's factor is 1 - f, not f.": (
                lambda *arguments: _coupled(*arguments, candidate=0)
            ),
        },
    ),
}
