"""Strings from grammars: predict the next symbol, or the set of symbols that may come next."""

from typing import NamedTuple

import numpy as np

from rnnbook._check import check_sizes
from rnnbook._rng import check_rng
from rnnbook.tasks.memory import one_hot


class Strings(NamedTuple):
    """N strings over an alphabet of K symbols, padded to the longest."""

    x: np.ndarray  # (N, T, K), one-hot; zero where masked
    y: np.ndarray  # (N, T), the next symbol; 0 where masked
    legal: np.ndarray  # (N, T, K), True for every symbol that may come next
    mask: np.ndarray  # (N, T), True at the steps that count


REBER = "BTPSXVE"
# state -> the symbols that may come next, and the states they lead to
REBER_GRAPH = (
    {"B": 1},
    {"T": 2, "P": 3},
    {"S": 2, "X": 4},
    {"T": 3, "V": 5},
    {"X": 3, "S": 6},
    {"P": 4, "V": 6},
    {"E": 7},
)


def reber(rng: np.random.Generator, batch_size: int) -> Strings:
    """Strings of Reber's finite-state grammar over B, T, P, S, X, V, E.

    Reber (1967); Cleeremans, Servan-Schreiber and McClelland (1989) trained Elman networks on
    it. Wherever two symbols are legal, each comes with probability 1/2.

    A perfect model is uncertain by ln 2 at each choice and by 0 elsewhere: a string has 6
    choices among 7 predictions on average, so a perfect model loses (6/7) ln 2 = 0.594 per
    symbol. A uniform guess loses ln 7 = 1.946.

    >>> strings = reber(np.random.default_rng(1), batch_size=2)
    >>> "".join(REBER[k] for k in strings.x[0].argmax(axis=-1)[strings.mask[0]])
    'BTXS'
    """
    check_rng(rng)
    check_sizes(batch_size=batch_size)
    return _pack([_reber_walk(rng) for _ in range(batch_size)], len(REBER))


def embedded_reber(rng: np.random.Generator, batch_size: int) -> Strings:
    """A Reber string between two equal symbols: the last but one repeats the second.

    B, then T or P, then a Reber string, then the same T or P, then E: Hochreiter and
    Schmidhuber (1997), experiment 1. Whoever has not kept the second symbol guesses the last
    but one with probability 1/2; the optimum is 1. Over a whole string, a perfect model loses
    7 ln 2 on average.

    >>> strings = embedded_reber(np.random.default_rng(0), batch_size=1)
    >>> "".join(REBER[k] for k in strings.x[0].argmax(axis=-1)) + REBER[strings.y[0, -1]]
    'BPBPVPXTTTTVVEPE'
    """
    check_rng(rng)
    check_sizes(batch_size=batch_size)
    walks = []
    for _ in range(batch_size):
        symbol = REBER.index(rng.choice(["T", "P"]))
        inner, legal = _reber_walk(rng)
        ends = [_set("TP"), _set("B"), *legal, [symbol], _set("E")]
        walks.append(([REBER.index("B"), symbol, *inner, symbol, REBER.index("E")], ends))
    return _pack(walks, len(REBER))


def dyck(rng: np.random.Generator, batch_size: int, pairs: int, *, kinds: int = 1) -> Strings:
    """Balanced brackets of `kinds` kinds, uniform over all strings of `pairs` pairs.

    Symbols: 0 to kinds - 1 open, kinds to 2 kinds - 1 close, 2 kinds is the start, 2 kinds + 1
    the end. x begins with the start; y ends with the end. `legal` is what may follow a prefix
    of any balanced string: every opening bracket, the closing one of the innermost open pair,
    the end where nothing is open. Drawn without rejection (Arnold and Sleep 1980).

    The kind of a closing bracket is guessed with probability 1 / kinds by a model that only
    counts; a stack gets all of them.

    >>> strings = dyck(np.random.default_rng(1), batch_size=1, pairs=3, kinds=2)
    >>> "".join("([)]"[k] for k in strings.x[0, 1:].argmax(axis=-1))
    '[[][]]'
    """
    check_rng(rng)
    check_sizes(batch_size=batch_size, pairs=pairs, kinds=kinds)
    walks = [_dyck_walk(rng, pairs, kinds) for _ in range(batch_size)]
    return _pack(walks, 2 * kinds + 2)


def a_n_b_n(rng: np.random.Generator, batch_size: int, low: int, high: int) -> Strings:
    """Strings a^n b^n, n uniform from `low` to `high`: a task for a counter.

    Symbols: a is 0, b is 1, start and end share 2. Gers and Schmidhuber (2001) measure the
    share of strings whose whole sets of legal symbols are predicted. After the first b all is
    certain for a model that counts; before it, the end of the a's cannot be known. A perfect
    model therefore loses ln(high - low + 1) over a whole string, all of it before the first b;
    one that does not count cannot know where the b's end.

    >>> strings = a_n_b_n(np.random.default_rng(0), batch_size=1, low=3, high=3)
    >>> strings.x[0].argmax(axis=-1).tolist(), strings.y[0].tolist()
    ([2, 0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 1, 2])
    """
    check_rng(rng)
    check_sizes(batch_size=batch_size, low=low, high=high)
    if high < low:
        raise ValueError(f"high is {high}; expected at least low = {low}")
    walks = []
    for n in rng.integers(low, high + 1, batch_size):
        symbols = [2] + [0] * n + [1] * n + [2]
        legal = [[0]] + [[0, 1]] * n + [[1]] * (n - 1) + [[2]]
        walks.append((symbols, legal))
    return _pack(walks, 3)


def _set(letters):
    return [REBER.index(letter) for letter in letters]


def _reber_walk(rng):
    symbols, legal, state = [], [], 0
    while state < len(REBER_GRAPH):
        edges = REBER_GRAPH[state]
        legal.append(_set(edges))
        letter = list(edges)[rng.integers(len(edges))]
        symbols.append(REBER.index(letter))
        state = edges[letter]
    return symbols, legal[1:]  # what may follow symbol 0, 1, ...


def _dyck_walk(rng, pairs, kinds):
    symbols, legal = [2 * kinds], []
    stack: list[int] = []
    for left in range(2 * pairs, -1, -1):
        closing = [kinds + stack[-1]] if stack else [2 * kinds + 1]
        legal.append([*range(kinds), *closing])
        depth = len(stack)
        # Of all balanced ways to go on, this share begins with an opening bracket.
        if left and rng.uniform() < (left - depth) * (depth + 2) / (2 * left * (depth + 1)):
            stack.append(int(rng.integers(kinds)))
            symbols.append(stack[-1])
        else:
            symbols.append(closing[0])
            del stack[-1:]
    return symbols, legal


def _pack(walks, size):
    """Walks (symbols, what may follow each) as padded arrays; the last symbol is only a target."""
    N, T = len(walks), max(len(symbols) for symbols, _ in walks) - 1
    x, legal = np.zeros((N, T, size)), np.zeros((N, T, size), bool)
    y, mask = np.zeros((N, T), int), np.zeros((N, T), bool)
    for n, (symbols, sets) in enumerate(walks):
        steps = len(symbols) - 1
        x[n, :steps], y[n, :steps], mask[n, :steps] = one_hot(symbols[:-1], size), symbols[1:], True
        for t, allowed in enumerate(sets):
            legal[n, t, allowed] = True
    return Strings(x, y, legal, mask)
