"""Exercises of `chapters/outlook/efficient`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _compose_case(rng):
    return tuple(rng.standard_normal((4, 5)))


def _compose(a1, b1, a2, b2):
    return a2 * a1, a2 * b1 + b2


def _tree_case(rng):
    T = int(rng.integers(5, 40))
    return rng.uniform(-1, 1, T), rng.standard_normal(T)


def _states(a, b):
    h, hs = 0.0, []
    for a_t, b_t in zip(a, b, strict=True):
        h = a_t * h + b_t
        hs.append(h)
    return np.array(hs)


def _in_place(a, b):
    """The coefficients are changed before the inputs that still need them."""
    a, b, step = a.copy(), b.copy(), 1
    while step < len(a):
        a[step:] = a[step:] * a[:-step]
        b[step:] = a[step:] * b[:-step] + b[step:]
        step *= 2
    return b


def _one_round(a, b):
    b = b.copy()
    b[1:] = a[1:] * b[:-1] + b[1:]
    return b


def _one_further(a, b):
    """Each round reaches one step further, not twice as far."""
    a, b = a.copy(), b.copy()
    for step in range(1, len(a)):
        new_b = a[step:] * b[:-step] + b[step:]
        a[step:], b[step:] = a[step:] * a[:-step], new_b
    return b


def _gradient(a, g):
    db, dbs = 0.0, []
    for a_next, g_t in zip(np.append(a[1:], 0.0)[::-1], g[::-1], strict=True):
        db = g_t + a_next * db
        dbs.append(db)
    return np.array(dbs[::-1])


def _own_coefficient(a, g):
    return _states(a[::-1], g[::-1])[::-1]


def _moved_wrongly(a, g):
    return _states(np.append(0.0, a[:-1])[::-1], g[::-1])[::-1]


def _kernel_case(rng):
    lam = 0.95 * np.exp(1j * rng.uniform(0.2, 2))
    b, c = rng.standard_normal(2) + 1j * rng.standard_normal(2)
    return lam, b, c, 12


def _kernel(lam, b, c, length):
    return (c * lam ** np.arange(length) * b).real


EXERCISES = {
    "scan-compose": Exercise(
        case=_compose_case,
        solution=_compose,
        outputs=("a", "b"),
        mistakes={
            "The second step comes first here: it must act on what the first one left.": (
                lambda a1, b1, a2, b2: (a1 * a2, a1 * b2 + b1)
            ),
            "The second step multiplies b1, too.": lambda a1, b1, a2, b2: (a2 * a1, b1 + b2),
        },
    ),
    "scan-tree": Exercise(
        case=_tree_case,
        solution=_states,
        outputs=("the states",),
        mistakes={
            "Store both results of a round at its end: the old values are needed.": _in_place,
            "One round joins two steps. Double the distance and go on.": _one_round,
            "A round doubles the pieces: the next reaches twice as far, not one step further.": (
                _one_further
            ),
        },
    ),
    "scan-gradient": Exercise(
        case=_tree_case,
        solution=_gradient,
        outputs=("the gradients",),
        mistakes={
            "Off by one: between step t and the next stands the coefficient of the next.": (
                _own_coefficient
            ),
            "Moved the wrong way: step t needs the coefficient of step t + 1.": _moved_wrongly,
            "These are the states. A gradient comes from later steps, not from earlier ones.": (
                _states
            ),
        },
    ),
    "recurrence-kernel": Exercise(
        case=_kernel_case,
        solution=_kernel,
        outputs=("the kernel",),
        mistakes={
            "Take the real part at the end, not of each factor.": (
                lambda lam, b, c, length: c.real * lam.real ** np.arange(length) * b.real
            ),
            "The power begins at zero: the input acts at once.": (
                lambda lam, b, c, length: (c * lam ** np.arange(1, length + 1) * b).real
            ),
        },
    ),
}
