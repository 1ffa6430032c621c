"""Exercises of `chapters/outlook/matrix-memory`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _step_case(rng):
    K, V = 3, 4
    q, k = rng.standard_normal((2, K))
    a, b = rng.uniform(0.3, 0.9), rng.uniform(0.3, 1.5)
    return rng.standard_normal((K, V)), q, k, rng.standard_normal(V), a, b


def _step(S, q, k, v, a, b):
    S = a * S
    S = S + b * np.outer(k, v - k @ S)
    return q @ S, S


def _step_adding(S, q, k, v, a, b):
    S = a * S + b * np.outer(k, v)
    return q @ S, S


def _step_reading_too_early(S, q, k, v, a, b):
    S = a * S + b * np.outer(k, v - k @ S)
    return q @ S, S


def _step_without_decay(S, q, k, v, a, b):
    return _step(S, q, k, v, 1.0, b)


def _step_decaying_last(S, q, k, v, a, b):
    S = a * (S + b * np.outer(k, v - k @ S))
    return q @ S, S


def _step_output_first(S, q, k, v, a, b):
    return q @ (a * S), _step(S, q, k, v, a, b)[1]


def _chunk_case(rng):
    C, K, V = int(rng.integers(3, 6)), 4, 3
    Q, keys = rng.standard_normal((2, C, K))
    keys = keys / np.linalg.norm(keys, axis=1, keepdims=True)
    return rng.standard_normal((K, V)), Q, keys, rng.standard_normal((C, V)), rng.uniform(0, 2, C)


def _chunk(S, Q, K, V, b, *, diagonal=-1, columns=False, strengths=True, read=0):
    """The chunk, or with other arguments one that makes a mistake."""
    strength = b[None] if columns else b[:, None] if strengths else 1.0
    A = np.tril(strength * (K @ K.T), diagonal)
    U = np.linalg.solve(np.eye(len(b)) + A, b[:, None] * (V - K @ S))
    return Q @ S + np.tril(Q @ K.T, read) @ U, S + K.T @ U


EXERCISES = {
    "delta-step": Exercise(
        case=_step_case,
        solution=_step,
        outputs=("o", "S"),
        mistakes={
            "It adds v here: write the error, v - k S, or the old value stays.": _step_adding,
            "The error is read before the decay: correct what is left of the old value.": (
                _step_reading_too_early
            ),
            "Nothing fades here: multiply the old memory by a first.": _step_without_decay,
            "The new write fades here, too: fade first, then write.": _step_decaying_last,
            "The query reads before the write: o is what it finds after it.": _step_output_first,
        },
    ),
    "delta-chunk": Exercise(
        case=_chunk_case,
        solution=_chunk,
        outputs=("O", "S"),
        mistakes={
            "A has a diagonal here: a write corrects what earlier ones left, not itself.": (
                lambda *case: _chunk(*case, diagonal=0)
            ),
            "b is on the columns of A: the strength is that of the write that corrects, its row.": (
                lambda *case: _chunk(*case, columns=True)
            ),
            "A has no strengths: each row is multiplied by the b of its write.": (
                lambda *case: _chunk(*case, strengths=False)
            ),
            "The queries see later writes: keep Q K^T on and below the diagonal only.": (
                lambda *case: _chunk(*case, read=len(case[-1]))
            ),
            "The queries do not see the write of their own step: keep the diagonal of Q K^T.": (
                lambda *case: _chunk(*case, read=-1)
            ),
        },
    ),
}
