"""Exercises of `chapters/outlook/reflections`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _swap_case(rng):
    size = int(rng.integers(4, 8))
    i, j = rng.choice(size, 2, replace=False)
    return int(i), int(j), size, rng.uniform(0.3, 0.9)


def _swap_key(i, j, size, b):
    k = np.zeros(size)
    k[i], k[j] = 1 / np.sqrt(b), -1 / np.sqrt(b)
    return k


def _rotation_case(rng):
    return (rng.uniform(0.3, 3.0),)


def _rotation_keys(angle, part=0.5):
    return np.array([[1.0, 0.0], [np.cos(part * angle), np.sin(part * angle)]])


def _permutation_case(rng):
    """A cycle of three, a swap and two that stay: here each mistake gives another number."""
    order = np.array([1, 2, 0, 4, 3, 5, 6])
    names = rng.permutation(7)
    moved = np.empty(7, int)
    moved[names] = names[order]
    return (moved,)


def _cycles(order):
    left, count = set(range(len(order))), 0
    while left:
        count, place = count + 1, left.pop()
        while order[place] in left:
            place = order[place]
            left.remove(place)
    return count


def _factors(order):
    return len(order) - _cycles(order)


EXERCISES = {
    "swap-key": Exercise(
        case=_swap_case,
        solution=_swap_key,
        outputs=("k",),
        mistakes={
            "That is the key for b = 1. Now b k k^T has to be 2.": (
                lambda i, j, size, b: _swap_key(i, j, size, 1)
            ),
            "A key of length 1 needs b = 2 to reflect. Here b k k^T has to be 2.": (
                lambda i, j, size, b: _swap_key(i, j, size, 2)
            ),
            "b stands beside the product of two keys, so each gets its square root.": (
                lambda i, j, size, b: _swap_key(i, j, size, b * b)
            ),
            "Here b k k^T is 1, which erases the difference. It takes 2 to turn it round.": (
                lambda i, j, size, b: _swap_key(i, j, size, 2 * b)
            ),
            "This swaps the two and turns their signs, too: the key is a difference.": (
                lambda i, j, size, b: np.abs(_swap_key(i, j, size, b))
            ),
            "The key of the right swap, with its sign turned: entry i was asked to be positive.": (
                lambda i, j, size, b: -_swap_key(i, j, size, b)
            ),
        },
    ),
    "rotation-keys": Exercise(
        case=_rotation_case,
        solution=_rotation_keys,
        outputs=("the keys",),
        mistakes={
            "This turns twice as far: the keys are half the angle apart.": (
                lambda angle: _rotation_keys(angle, part=1)
            ),
            "This turns backwards: the second reflection acts on what the first one left.": (
                lambda angle: _rotation_keys(angle, part=-0.5)
            ),
            "This turns backwards: the second mirror stands on the other side of the first.": (
                lambda angle: _rotation_keys(2 * np.pi - angle)
            ),
        },
    ),
    "permutation-factors": Exercise(
        case=_permutation_case,
        solution=_factors,
        outputs=("the number of factors",),
        mistakes={
            "So many places change. A cycle of m places takes m - 1 swaps.": (
                lambda order: int((order != np.arange(len(order))).sum())
            ),
            "That is the number of cycles; each of them saves one swap.": _cycles,
            "One for each place but the last is always enough, but here fewer do.": (
                lambda order: len(order) - 1
            ),
        },
    ),
}
