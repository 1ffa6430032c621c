"""Exercises of `chapters/outlook/expressive`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _automaton_case(rng):
    states, symbols = int(rng.integers(4, 7)), int(rng.integers(2, 4))
    return rng.integers(0, states, (states, symbols)), rng.integers(0, symbols, 30)


def _automaton(table, symbols):
    state, visited = 0, []
    for symbol in symbols:
        state = table[state, symbol]
        visited.append(state)
    return np.array(visited)


def _scan_case(rng):
    a = rng.uniform(-1, 1, (12, 3))
    a[rng.integers(1, 11), rng.integers(3)] = 0  # where nothing can be divided by the product
    return a, rng.standard_normal((12, 3)), rng.standard_normal(3)


def _scan(a, b, h_0):
    h, hs = h_0, []
    for a_t, b_t in zip(a, b, strict=True):
        h = a_t * h + b_t
        hs.append(h)
    return np.array(hs)


def _states_before(a, b, h_0):
    return np.concatenate([h_0[None], _scan(a, b, h_0)[:-1]])


def _product_of_sum(a, b, h_0):
    h, hs = h_0, []
    for a_t, b_t in zip(a, b, strict=True):
        h = a_t * (h + b_t)
        hs.append(h)
    return np.array(hs)


def _brackets_case(rng):
    kinds = int(rng.integers(2, 5))
    symbols: list[int] = []
    opened: list[int] = []
    while len(symbols) < 40:
        if opened and (len(opened) == 4 or rng.random() < 0.4):
            symbols.append(kinds + opened.pop())
        else:
            opened.append(int(rng.integers(kinds)))
            symbols.append(opened[-1])
    return np.array(symbols), kinds


def _bracket_units(symbols, kinds, undone=True, first="turn", own=True, closing=True):
    counts, turns, hs = np.zeros(kinds), np.zeros(kinds), []
    for symbol in symbols:
        kind, step = symbol % kinds, 1 if symbol < kinds or not undone else -1
        counts[kind] += step
        turning = symbol < kinds or closing
        turned = np.where(((np.arange(kinds) == kind) == own) | (not turning), turns, -turns)
        if first == "turn":
            turned[kind] += step
        else:
            turned = np.where(np.arange(kinds) == kind, turns + step, -(turns + step))
        turns = turned
        hs.append([*counts, *turns])
    return np.array(hs)


EXERCISES = {
    "automaton-run": Exercise(
        case=_automaton_case,
        solution=_automaton,
        outputs=("the states",),
        mistakes={
            "These are the states before each symbol; after it was asked.": (
                lambda table, symbols: np.append(0, _automaton(table, symbols)[:-1])
            ),
            "Every step starts from state 0 here: carry the state on.": (
                lambda table, symbols: table[0, symbols]
            ),
        },
    ),
    "signed-scan": Exercise(
        case=_scan_case,
        solution=_scan,
        outputs=("the states",),
        mistakes={
            "The first state is missing: begin with h_0.": (
                lambda a, b, h_0: _scan(a, b, np.zeros_like(h_0))
            ),
            "These are the states before each step; those after it were asked.": _states_before,
            "b is multiplied by a as well: it is added after the product.": _product_of_sum,
            "The sign of a is lost: these are the states of its absolute value.": (
                lambda a, b, h_0: _scan(np.abs(a), b, h_0)
            ),
        },
    ),
    "bracket-units": Exercise(
        case=_brackets_case,
        solution=_bracket_units,
        outputs=("the states",),
        mistakes={
            "A closing bracket has to undo its opening one: it subtracts 1.": (
                lambda symbols, kinds: _bracket_units(symbols, kinds, undone=False)
            ),
            "A closing bracket has to undo its opening one: at another kind it turns back.": (
                lambda symbols, kinds: _bracket_units(symbols, kinds, closing=False)
            ),
            "The turn is at the wrong brackets: a unit turns at every kind but its own.": (
                lambda symbols, kinds: _bracket_units(symbols, kinds, own=False)
            ),
            "At another kind a unit only turns: nothing is added to it there.": (
                lambda symbols, kinds: _bracket_units(symbols, kinds, first="count")
            ),
            "The units that turn stand first here; those that only count were asked for first.": (
                lambda symbols, kinds: np.roll(_bracket_units(symbols, kinds), kinds, axis=1)
            ),
        },
    ),
}
