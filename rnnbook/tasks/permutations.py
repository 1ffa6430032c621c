"""Tasks whose state is an element of a group: a sum that wraps round, cups that change places."""

from itertools import permutations

import numpy as np

from rnnbook._check import check_choice, check_sizes
from rnnbook._rng import check_rng
from rnnbook.tasks.memory import Batch, one_hot

MOVES = ("neighbours", "swaps", "all")
ASKED = ("ball", "order")


def modulo(rng: np.random.Generator, batch_size: int, length: int, *, base: int = 3) -> Batch:
    """What is the sum so far, modulo `base`? With base 2 this is `parity`.

    x (N, T, base): one-hot digits from 0 to base - 1. y (N, T): the remainder of the sum of all
    digits up to and with this step.

    Guessing is right with probability 1 / base, and so is every model that misses one digit; the
    optimum is 1, with one of `base` states. The states form a cycle: the group is commutative.

    >>> x, y, _ = modulo(np.random.default_rng(0), batch_size=1, length=6)
    >>> x[0].argmax(axis=-1).tolist(), y[0].tolist()
    ([2, 1, 1, 0, 0, 0], [2, 0, 1, 1, 1, 1])
    """
    check_rng(rng)
    check_sizes(batch_size=batch_size, length=length, base=base)
    digits = rng.integers(0, base, (batch_size, length))
    return Batch(one_hot(digits, base), digits.cumsum(axis=1) % base)


def cups(
    rng: np.random.Generator,
    batch_size: int,
    length: int,
    *,
    number: int = 5,
    moves: str = "neighbours",
    asked: str = "ball",
) -> Batch:
    """Cups and balls: after each move, which ball lies under the first cup?

    A ball of its own lies under each of `number` cups. A step moves the balls by one of the
    permutations of `cup_moves(number, moves)`, all equally likely.

    x (N, T, M): one-hot, which of the M moves is made. y (N, T): the ball at the first place after
    this step, one of `number` classes; with ``asked="order"`` the place of the whole order in
    `orders(number)`, one of `number` factorial classes.

    Guessing is right with probability 1 / `number`, or 1 / `number` factorial, and so is any model
    that forgets, once the balls are mixed; the optimum is 1. For three cups and more the order of
    the moves matters: the group is not commutative, and for five of them it is not solvable.

    >>> x, y, _ = cups(np.random.default_rng(0), 1, 6, number=3)
    >>> x[0].argmax(axis=-1).tolist(), y[0].tolist()  # 0: first two, 1: last two
    ([1, 1, 1, 0, 0, 0], [0, 0, 0, 2, 0, 2])
    """
    check_rng(rng)
    check_sizes(batch_size=batch_size, length=length)
    check_choice("asked", asked, ASKED)
    table = cup_moves(number, moves)
    made = rng.integers(0, len(table), (batch_size, length))
    balls = np.tile(np.arange(number), (batch_size, 1))
    seen = np.empty((batch_size, length, number), int)
    for t in range(length):
        balls = np.take_along_axis(balls, table[made[:, t]], axis=1)
        seen[:, t] = balls
    y = seen[..., 0] if asked == "ball" else _places(seen)
    return Batch(one_hot(made, len(table)), y)


def cup_moves(number: int, moves: str) -> np.ndarray:
    """The permutations (M, number) that `cups` chooses from: which place each ball comes from.

    `moves` is "neighbours" for the swaps of two neighbours (M = number - 1), "swaps" for those of
    any two (number (number - 1) / 2), or "all" for every order, that which changes nothing too.

    >>> cup_moves(3, "neighbours").tolist()
    [[1, 0, 2], [0, 2, 1]]
    """
    check_sizes(number=number)
    if number < 2:
        raise ValueError(f"number is {number}; expected at least 2 cups")
    check_choice("moves", moves, MOVES)
    if moves == "all":
        return orders(number)
    table = []
    for i in range(number - 1):
        for j in range(i + 1, i + 2 if moves == "neighbours" else number):
            order = np.arange(number)
            order[[i, j]] = j, i
            table.append(order)
    return np.array(table)


def orders(number: int) -> np.ndarray:
    """All orders (number factorial, number) of `number` balls, sorted.

    >>> orders(3)[:3].tolist()
    [[0, 1, 2], [0, 2, 1], [1, 0, 2]]
    """
    check_sizes(number=number)
    return np.array(list(permutations(range(number))))


def _places(seen):
    """The place of each order (..., number) in `orders(number)`."""
    number = seen.shape[-1]
    weights = number ** np.arange(number)[::-1]  # a number that sorts as the orders do
    return np.searchsorted(orders(number) @ weights, seen @ weights)
