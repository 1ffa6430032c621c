"""Exercises of `chapters/applications/language/translation`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _attention_case(rng):
    S, T, D, E = 3, 5, 4, 2
    mask = np.arange(T) < rng.integers(2, T)
    return (
        rng.standard_normal((S, D)),
        rng.standard_normal((T, D)),
        rng.standard_normal((T, E)),
        rng.permutation(mask),
    )


def _softmax(scores):
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _attention(q, K, V, mask):
    return _softmax(np.where(mask, q @ K.T / np.sqrt(q.shape[1]), -np.inf)) @ V


def _weights_case(rng):
    return _softmax(rng.standard_normal((3, 4))), rng.standard_normal((3, 4))


def _softmax_backward(weights, dweights):
    return weights * (dweights - (weights * dweights).sum(axis=1, keepdims=True))


EXERCISES = {
    "masked-attention": Exercise(
        case=_attention_case,
        solution=_attention,
        outputs=("the context",),
        mistakes={
            "The scores are not divided by the root of D.": (
                lambda q, K, V, mask: _attention(q * np.sqrt(q.shape[1]), K, V, mask)
            ),
            "The mask comes too late: after the softmax the weights no longer sum to 1.": (
                lambda q, K, V, mask: (_softmax(q @ K.T / np.sqrt(q.shape[1])) * mask) @ V
            ),
            "A masked place has the score 0, which is no low score: use minus infinity.": (
                lambda q, K, V, mask: _softmax(np.where(mask, q @ K.T / np.sqrt(q.shape[1]), 0)) @ V
            ),
            "The mask is not used.": (
                lambda q, K, V, mask: _attention(q, K, V, np.ones_like(mask))
            ),
        },
    ),
    "softmax-backward": Exercise(
        case=_weights_case,
        solution=_softmax_backward,
        outputs=("the gradient",),
        mistakes={
            "This is the diagonal only: a score also lowers the weights of all other places.": (
                lambda weights, dweights: weights * (1 - weights) * dweights
            ),
            "The weighted mean of the gradient is not subtracted.": (
                lambda weights, dweights: weights * dweights
            ),
            "The mean runs over the places of one row, not over the rows.": (
                lambda weights, dweights: (
                    weights * (dweights - (weights * dweights).sum(axis=0, keepdims=True))
                )
            ),
        },
    ),
}
