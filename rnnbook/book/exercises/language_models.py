"""Exercises of `chapters/applications/language/language-models`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _batch_case(rng):
    N, T, V = (int(k) for k in rng.integers(2, 7, 3))
    log_probs = np.log(rng.dirichlet(np.ones(V), size=(N, T)))
    lengths = rng.permutation(np.arange(N)) % T + 1  # rows of different lengths
    return log_probs, rng.integers(0, V, (N, T)), np.arange(T) < lengths[:, None]


def _surprise(log_probs, targets):
    return -np.take_along_axis(log_probs, targets[..., None], axis=-1)[..., 0]


def _bits(log_probs, targets, mask):
    return _surprise(log_probs, targets)[mask].mean() / np.log(2)


def _mean_of_rows(log_probs, targets, mask):
    rows = np.where(mask, _surprise(log_probs, targets), 0).sum(axis=1) / mask.sum(axis=1)
    return rows.mean() / np.log(2)


def _counts_case(rng):
    counts = rng.integers(0, 4, (5, 5)).astype(float)
    counts[0, 0] = 2.0
    return (counts,)


def _witten_bell(counts):
    different = (counts > 0).sum(axis=1, keepdims=True)
    share = counts.sum(axis=0) / counts.sum()
    return (counts + different * share) / (counts.sum(axis=1, keepdims=True) + different)


def _uniform_backoff(counts):
    different = (counts > 0).sum(axis=1, keepdims=True)
    total = counts.sum(axis=1, keepdims=True) + different
    return (counts + different / counts.shape[1]) / total


EXERCISES = {
    "bits-per-token": Exercise(
        case=_batch_case,
        solution=_bits,
        outputs=("bits per token",),
        mistakes={
            "This is in nats: divide by ln 2.": lambda *a: _bits(*a) * np.log(2),
            "Tokens that do not count are in the mean: use the mask.": (
                lambda log_probs, targets, mask: _surprise(log_probs, targets).mean() / np.log(2)
            ),
            "This is a mean of the rows' means: a token of a short row must not count more.": (
                _mean_of_rows
            ),
            "The sign is wrong: surprise is minus the logarithm.": lambda *a: -_bits(*a),
        },
    ),
    "witten-bell": Exercise(
        case=_counts_case,
        solution=_witten_bell,
        outputs=("the probabilities",),
        mistakes={
            "These are the shares of the counts alone: nothing unseen is possible.": (
                lambda counts: counts / counts.sum(axis=1, keepdims=True)
            ),
            "What is set aside goes to all tokens alike: give it by p(w).": _uniform_backoff,
            "n(u) counts the different tokens after u: sum over the row, not the column.": (
                lambda counts: (
                    (counts + (counts > 0).sum(axis=0) * counts.sum(axis=0) / counts.sum())
                    / (counts.sum(axis=1, keepdims=True) + (counts > 0).sum(axis=0))
                )
            ),
        },
    ),
}
