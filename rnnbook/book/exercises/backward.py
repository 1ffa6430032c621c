"""Exercises of `chapters/*/backward`."""

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _step_case(rng):
    return rng.standard_normal((4, 3)), rng.uniform(-0.9, 0.9, (4, 3)), rng.standard_normal((3, 3))


def _backward_step(dh, h, W_h):
    da = dh * (1 - h**2)
    return da, da @ W_h.T


def _weights_case(rng):
    return rng.standard_normal((5, 2, 3)), rng.standard_normal((6, 2, 3))


def _weight_gradient(da, h):
    return sum(h_prev.T @ da_t for h_prev, da_t in zip(h[:-1], da, strict=True))


def _checkpoint_case(rng):
    return tuple(rng.standard_normal(s) for s in ((3, 3), 3, (9, 3))) + (3,)


def _states(W_h, h, a_x):
    states = [h]
    for a_x_t in a_x:
        states.append(np.tanh(a_x_t + states[-1] @ W_h))
    return states


def _checkpointed(W_h, h_0, a_x, every):
    """dL/dh_0 for L = sum of h_T."""
    states, dh = _states(W_h, h_0, a_x), np.ones(len(h_0))
    for h in states[:0:-1]:
        dh = (dh * (1 - h**2)) @ W_h.T
    return dh


def _one_segment(W_h, h_0, a_x, every):
    states, dh = _states(W_h, h_0, a_x), np.ones(len(h_0))
    for h in states[: -every - 1 : -1]:
        dh = (dh * (1 - h**2)) @ W_h.T
    return dh


def _from_zero(W_h, h_0, a_x, every):
    dh = np.ones(len(h_0))
    for start in range(len(a_x) - every, -1, -every):
        for h in _states(W_h, 0 * h_0, a_x[start : start + every])[:0:-1]:
            dh = (dh * (1 - h**2)) @ W_h.T
    return dh


EXERCISES = {
    "rnn-backward-step": Exercise(
        case=_step_case,
        solution=_backward_step,
        outputs=("da", "dh_prev"),
        mistakes={
            "The transpose is missing: back through h @ W_h goes @ W_h.T.": (
                lambda dh, h, W_h: (_backward_step(dh, h, W_h)[0], dh * (1 - h**2) @ W_h)
            ),
            "The activation's derivative is missing: da = dh (1 - h^2).": (
                lambda dh, h, W_h: (dh, dh @ W_h.T)
            ),
            "dh_prev must start from da, not from dh.": (
                lambda dh, h, W_h: (_backward_step(dh, h, W_h)[0], dh @ W_h.T)
            ),
        },
    ),
    "rnn-weight-gradient": Exercise(
        case=_weights_case,
        solution=_weight_gradient,
        outputs=("dW_h",),
        mistakes={
            "This is the last step only: sum over all steps.": lambda da, h: h[-2].T @ da[-1],
            "W_h multiplied the state before the step: use h[t], not h[t + 1].": (
                lambda da, h: sum(h_t.T @ da_t for h_t, da_t in zip(h[1:], da, strict=True))
            ),
            "It is transposed: row j is the old unit j.": lambda da, h: _weight_gradient(da, h).T,
        },
    ),
    "checkpointing": Exercise(
        case=_checkpoint_case,
        solution=_checkpointed,
        outputs=("dh_0",),
        mistakes={
            "Only the last segment was gone through: pass dh on to the segment before.": (
                _one_segment
            ),
            "A segment must be recomputed from its stored state, not from zero.": _from_zero,
        },
    ),
}
