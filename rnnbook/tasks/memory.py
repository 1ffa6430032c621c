"""Tasks that need something long past."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rnnbook._check import check_rate, check_sizes
from rnnbook._rng import check_rng


class Batch(NamedTuple):
    """N sequences, what is asked about them, and where."""

    x: np.ndarray  # (N, T, D), float64
    y: np.ndarray  # (N,) or (N, T) classes, or (N, 1) numbers
    counts: np.ndarray | None = None  # (N, T), True where y counts; None: see the task


def adding(rng: np.random.Generator, batch_size: int, length: int) -> Batch:
    """Add two marked numbers among many: Hochreiter and Schmidhuber (1997), experiment 4.

    x (N, T, 2): numbers, uniform in [0, 1], and markers, 1 at one step of each half of the
    sequence, else 0. y (N, 1): the sum of the two marked numbers.

    A model that ignores its input does best with 1, at a mean squared error of 1/6 (two
    variances of 1/12); the optimum is 0. Needs `length` of at least 2.

    >>> x, y, _ = adding(np.random.default_rng(0), batch_size=4, length=10)
    >>> x.shape, bool(np.allclose(y[:, 0], (x[:, :, 0] * x[:, :, 1]).sum(axis=1)))
    ((4, 10, 2), True)
    """
    check_rng(rng)
    check_sizes(batch_size=batch_size, length=length)
    _check_at_least("length", length, 2)
    N, T = batch_size, length
    numbers, markers = rng.uniform(size=(N, T)), np.zeros((N, T))
    first, second = rng.integers(0, T // 2, N), rng.integers(T // 2, T, N)
    markers[np.arange(N), first] = markers[np.arange(N), second] = 1
    y = (numbers * markers).sum(axis=1, keepdims=True)
    return Batch(np.stack([numbers, markers], axis=-1), y)


def copy(
    rng: np.random.Generator, batch_size: int, lag: int, *, symbols: int = 8, items: int = 10
) -> Batch:
    """Repeat a list after a pause: Arjovsky, Shah and Bengio (2016), section 5.1.

    x (N, T, symbols + 2), one-hot, T = lag + 2 items: `items` random symbols, blanks (class
    `symbols`), at step `items + lag - 1` the signal to start (class `symbols + 1`), blanks.
    y (N, T): blanks, and the list in the last `items` steps, where `counts` is True.

    Without memory the best mean cross-entropy over all steps is items ln(symbols) / T (blanks
    are certain, the list is guessed), and a symbol is right with probability 1 / symbols; the
    optimum is 0.

    >>> x, y, counts = copy(np.random.default_rng(0), 1, lag=2, symbols=3, items=2)
    >>> x.argmax(axis=-1)[0].tolist(), y[0].tolist()
    ([2, 1, 3, 4, 3, 3], [3, 3, 3, 3, 2, 1])
    """
    check_rng(rng)
    check_sizes(batch_size=batch_size, lag=lag, symbols=symbols, items=items)
    N, T = batch_size, lag + 2 * items
    shown = np.full((N, T), symbols)
    y = shown.copy()
    shown[:, :items] = y[:, -items:] = rng.integers(0, symbols, (N, items))
    shown[:, items + lag - 1] = symbols + 1
    counts = np.broadcast_to(np.arange(T) >= T - items, (N, T))
    return Batch(one_hot(shown, symbols + 2), y, counts)


def delayed_recall(
    rng: np.random.Generator, batch_size: int, lag: int, *, symbols: int = 4
) -> Batch:
    """Which symbol came first? One symbol, then `lag` steps of noise, then the question.

    x (N, lag + 1, symbols + 1): at step 0 a one-hot symbol; at all later steps a standard normal
    number in the last channel, which means nothing. y (N,): the symbol, asked after the last
    step. The simplest form of the long-lag problems of Hochreiter and Schmidhuber (1997).

    Without memory of step 0 the accuracy is 1 / symbols and the cross-entropy at best
    ln(symbols); the optimum is 1 and 0.

    >>> x, y, _ = delayed_recall(np.random.default_rng(0), batch_size=3, lag=5)
    >>> x.shape, bool((x[:, 0].argmax(axis=-1) == y).all())
    ((3, 6, 5), True)
    """
    check_rng(rng)
    check_sizes(batch_size=batch_size, lag=lag, symbols=symbols)
    N = batch_size
    y = rng.integers(0, symbols, N)
    x = np.zeros((N, lag + 1, symbols + 1))
    x[:, 0, :symbols] = one_hot(y, symbols)
    x[:, 1:, symbols] = rng.standard_normal((N, lag))
    return Batch(x, y)


def temporal_order(rng: np.random.Generator, batch_size: int, length: int) -> Batch:
    """In which order did X and Y come? Hochreiter and Schmidhuber (1997), experiment 6a.

    x (N, T, 8), one-hot: a start symbol (0), an end symbol (1), distractors (2 to 5), and X (6)
    or Y (7) at two steps, one from T/10 to 2T/10, one from 5T/10 to 6T/10. y (N,): class
    2 [first is Y] + [second is Y]. Needs `length` of at least 10.

    Guessing is right with probability 1/4, at a cross-entropy of ln 4; a model that holds only
    the second symbol reaches 1/2. The optimum is 1 and 0.

    >>> x, y, _ = temporal_order(np.random.default_rng(0), batch_size=1, length=10)
    >>> x.argmax(axis=-1)[0].tolist(), int(y[0])
    ([0, 7, 4, 3, 3, 7, 2, 2, 2, 1], 3)
    """
    check_rng(rng)
    check_sizes(batch_size=batch_size, length=length)
    _check_at_least("length", length, 10)
    N, T = batch_size, length
    shown = rng.integers(2, 6, (N, T))
    shown[:, 0], shown[:, -1] = 0, 1
    marks = rng.integers(0, 2, (2, N))
    for start, mark in zip((T // 10, 5 * T // 10), marks, strict=True):
        shown[np.arange(N), start + rng.integers(0, max(1, T // 10), N)] = 6 + mark
    return Batch(one_hot(shown, 8), 2 * marks[0] + marks[1])


def parity(rng: np.random.Generator, batch_size: int, length: int) -> Batch:
    """Is the number of ones so far odd? The smallest task in which every input matters.

    x (N, T, 1): bits. y (N, T): the parity of all bits up to and with this step.

    Guessing is right with probability 1/2, and so is every model that misses one bit; the
    optimum is 1, with one bit of state.

    >>> x, y, _ = parity(np.random.default_rng(0), batch_size=1, length=6)
    >>> x[0, :, 0].astype(int).tolist(), y[0].tolist()
    ([1, 1, 1, 0, 0, 0], [1, 0, 1, 1, 1, 1])
    """
    check_rng(rng)
    check_sizes(batch_size=batch_size, length=length)
    bits = rng.integers(0, 2, (batch_size, length))
    return Batch(bits[..., None].astype(float), bits.cumsum(axis=1) % 2)


def register(
    rng: np.random.Generator,
    batch_size: int,
    length: int,
    *,
    write: float = 0.15,
    read: float = 0.3,
) -> Batch:
    """Store a number at a write, hold it, show it at a read: what the gates of an LSTM are for.

    x (N, T, 3): a number, uniform in [-1, 1], and two marks, 1 or 0. Each step has a write mark
    with probability `write`, the first step always; each other step has a read mark with
    probability `read`. y (N, T): the number of the last write so far. `counts` is True at a
    read, where y is to be shown; at all other steps 0 is to be shown.

    Without memory the best answer is 0 everywhere, at a mean squared error of 1/3 over the reads;
    the optimum is 0, with one number of state.

    >>> x, y, reads = register(np.random.default_rng(0), batch_size=1, length=6)
    >>> x[0, :, 1].astype(int).tolist(), bool((y[0, :5] == x[0, 0, 0]).all())
    ([1, 0, 0, 0, 0, 1], True)
    """
    check_rng(rng)
    check_sizes(batch_size=batch_size, length=length)
    check_rate(write=write, read=read)
    N, T = batch_size, length
    numbers, writes = rng.uniform(-1, 1, (N, T)), rng.uniform(size=(N, T)) < write
    writes[:, 0] = True
    reads = (rng.uniform(size=(N, T)) < read) & ~writes
    last = np.maximum.accumulate(np.where(writes, np.arange(T), 0), axis=1)
    y = np.take_along_axis(numbers, last, axis=1)
    return Batch(np.stack([numbers, writes, reads], axis=-1), y, reads)


def one_hot(classes: np.ndarray | Sequence, size: int) -> np.ndarray:
    """Whole numbers from 0 to size - 1, of any shape, as unit vectors along a new last axis.

    >>> one_hot([0, 2], 3)
    array([[1., 0., 0.],
           [0., 0., 1.]])
    """
    check_sizes(size=size)
    classes = np.asarray(classes)
    if classes.dtype.kind not in "iu":
        raise TypeError(f"classes has dtype {classes.dtype}; expected whole numbers")
    if classes.size and not (classes.min() >= 0 and classes.max() < size):
        raise ValueError(
            f"classes go from {classes.min()} to {classes.max()}; expected [0, size) = [0, {size})"
        )
    return np.eye(size)[classes]


def _check_at_least(name, value, least):
    if value < least:
        raise ValueError(f"{name} is {value}; expected at least {least}")
