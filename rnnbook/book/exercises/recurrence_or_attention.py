"""Exercises of `chapters/applications/language/recurrence-or-attention`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _scores_case(rng):
    T, D = (int(size) for size in rng.integers(3, 8, 2))
    return rng.standard_normal((T, D)), rng.standard_normal((T, D))


def _softmax(scores, axis=1):
    weights = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return weights / weights.sum(axis=axis, keepdims=True)


def _weights(q, k, *, seen=0, axis=1, transposed=False):
    """Weights where query t sees the keys up to t + seen, or the later ones only."""
    scores = q @ k.T / np.sqrt(q.shape[1])
    mask = np.tri(len(q), k=seen, dtype=bool)
    return _softmax(np.where(mask.T if transposed else mask, scores, -np.inf), axis)


def _masked_late(q, k):
    """The future is struck out after the softmax, and the rows no longer add up to one."""
    return np.tril(_softmax(q @ k.T / np.sqrt(q.shape[1])))


def _cache_case(rng):
    layers, width, letters, window = (int(n) for n in rng.integers(2, 40, 4))
    window += (window == letters) + 1
    return (layers, 8 * width, letters, window)


def _cache_bytes(layers, width, letters, window):
    return 2 * layers * width * min(letters, window) * 4


EXERCISES = {
    "causal-weights": Exercise(
        case=_scores_case,
        solution=_weights,
        outputs=("the weights",),
        mistakes={
            "Step t sees step t + 1, the answer: the mask is shifted by one.": (
                lambda q, k: _weights(q, k, seen=1)
            ),
            "The softmax runs over the wrong axis: the weights of one query must add up to 1.": (
                lambda q, k: _weights(q, k, axis=0)
            ),
            "Each step sees the future, not the past: the mask is transposed.": (
                lambda q, k: _weights(q, k, transposed=True)
            ),
            "The rows don't add up to 1: mask the scores, before the softmax.": _masked_late,
            "The scores are not divided by the root of D.": (
                lambda q, k: _weights(q * np.sqrt(q.shape[1]), k)
            ),
        },
    ),
    "cache-bytes": Exercise(
        case=_cache_case,
        solution=_cache_bytes,
        outputs=("the bytes",),
        mistakes={
            "The values are kept as well as the keys.": (
                lambda layers, width, letters, window: (
                    _cache_bytes(layers, width, letters, window) // 2
                )
            ),
            "Each layer keeps keys and values of its own.": (
                lambda layers, width, letters, window: _cache_bytes(1, width, letters, window)
            ),
            "What has left the window is no longer kept.": (
                lambda layers, width, letters, window: 2 * layers * width * letters * 4
            ),
            "These are the numbers; each of them has four bytes.": (
                lambda layers, width, letters, window: (
                    _cache_bytes(layers, width, letters, window) // 4
                )
            ),
        },
    ),
}
