"""A task that only a memory which can be corrected does well: keys whose values change."""

import numpy as np

from rnnbook._check import check_sizes
from rnnbook._rng import check_rng
from rnnbook.tasks.memory import Batch, one_hot


def rewriting_recall(
    rng: np.random.Generator,
    batch_size: int,
    pairs: int,
    *,
    keys: int = 64,
    values: int = 16,
    rewrites: int | None = None,
) -> Batch:
    """What was the *last* value of this key? Some keys are written twice.

    x (N, T, keys + values), T = 2 pairs + rewrites: first `pairs` keys out of `keys`, each with a
    value, and `rewrites` of them (half of them if None) a second time with another value, in any
    order; a step holds a one-hot key and a one-hot value. Then each of these keys once, in any
    order, without a value: what was its last one? y (N, T): that value at the questions, where
    `counts` is True, else 0. After multi-query associative recall (Arora et al. 2024), where no
    key is written twice.

    Without memory a value is right with probability 1 / values. A model that finds all values of
    a key, but not their order, guesses one of two where it was written twice, and is right with
    probability 1 - rewrites / (2 pairs): 3/4 for half of the keys. The optimum is 1, with the
    values of `pairs` keys as state.

    >>> x, y, asked = rewriting_recall(np.random.default_rng(3), 1, pairs=2, keys=4, values=3)
    >>> x[0, :, :4].argmax(axis=-1).tolist(), x[0, :3, 4:].argmax(axis=-1).tolist()
    ([3, 2, 3, 2, 3], [1, 0, 0])
    >>> y[asked].tolist()
    [0, 0]
    """
    check_rng(rng)
    check_sizes(batch_size=batch_size, pairs=pairs, keys=keys, values=values)
    rewrites = pairs // 2 if rewrites is None else rewrites
    _check_range("pairs", pairs, 1, keys, "keys")
    _check_range("rewrites", rewrites, 0, pairs, "pairs")
    _check_range("values", values, 2, None, "")
    N, writes = batch_size, pairs + rewrites
    chosen = _permuted(rng, N, keys)[:, :pairs]  # the first `rewrites` of them are written twice
    order = _permuted(rng, N, writes) % pairs  # which of the chosen keys each step writes
    asked = _permuted(rng, N, pairs)
    written = np.empty((N, writes), int)
    last = np.full((N, pairs), -1)
    everyone = np.arange(N)
    for t in range(writes):
        old, which = last[everyone, order[:, t]], order[:, t]
        fresh = rng.integers(0, values, N)
        other = (old + rng.integers(1, values, N)) % values  # any value but the old one
        written[:, t] = last[everyone, which] = np.where(old < 0, fresh, other)
    shown = np.take_along_axis(chosen, np.concatenate([order, asked], axis=1), axis=1)
    x = np.zeros((N, writes + pairs, keys + values))
    x[..., :keys] = one_hot(shown, keys)
    x[:, :writes, keys:] = one_hot(written, values)
    y = np.zeros((N, writes + pairs), int)
    y[:, writes:] = np.take_along_axis(last, asked, axis=1)
    counts = np.broadcast_to(np.arange(writes + pairs) >= writes, y.shape)
    return Batch(x, y, counts)


def _permuted(rng, N, size):
    """(N, size), each row 0 to size - 1 in any order."""
    return rng.permuted(np.tile(np.arange(size), (N, 1)), axis=1)


def _check_range(name, value, least, most, of):
    if value < least or (most is not None and value > most):
        end = f" and at most {of} = {most}" if most is not None else ""
        raise ValueError(f"{name} is {value}; expected at least {least}{end}")
