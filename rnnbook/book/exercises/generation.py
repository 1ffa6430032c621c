"""Exercises of `chapters/applications/images/generation`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _bits_case(rng):
    scores = rng.standard_normal((3, 5, 4))
    log_p = scores - np.log(np.exp(scores).sum(axis=2, keepdims=True))
    return log_p, rng.integers(0, 4, (3, 5))


def _nats(log_p, x):
    return -np.take_along_axis(log_p, x[..., None], axis=2)[..., 0]


def _images_case(rng):
    return rng.integers(0, 17, (2, 3, 4)), 17


def _contexts(x, start):
    flat = x.reshape(len(x), -1)
    before = np.concatenate([np.full((len(x), 1), start), flat[:, :-1]], axis=1)
    return before.reshape(x.shape), _above(x, start)


def _above(x, start):
    return np.concatenate([np.full_like(x[:, :1], start), x[:, :-1]], axis=1)


def _left(x, start):
    return np.concatenate([np.full_like(x[:, :, :1], start), x[:, :, :-1]], axis=2)


EXERCISES = {
    "bits-per-pixel": Exercise(
        case=_bits_case,
        solution=lambda log_p, x: _nats(log_p, x).mean() / np.log(2),
        outputs=("the bits",),
        mistakes={
            "These are nats: divide by the logarithm of 2.": (
                lambda log_p, x: _nats(log_p, x).mean()
            ),
            "These are bits per image: take the mean over the pixels too.": (
                lambda log_p, x: _nats(log_p, x).sum(axis=1).mean() / np.log(2)
            ),
            "This is the logarithm of the mean probability: take the mean of the logarithms.": (
                lambda log_p, x: -np.log2(np.exp(-_nats(log_p, x)).mean())
            ),
        },
    ),
    "causal-context": Exercise(
        case=_images_case,
        solution=_contexts,
        outputs=("before", "above"),
        mistakes={
            "The first pixel of a row follows the last of the row above it.": (
                lambda x, start: (_left(x, start), _above(x, start))
            ),
            "The pixel itself leaks in: it must not know what it is to predict.": (
                lambda x, start: (x, _above(x, start))
            ),
            "The two are exchanged.": lambda x, start: _contexts(x, start)[::-1],
        },
    ),
}
