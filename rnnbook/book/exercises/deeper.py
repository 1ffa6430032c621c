"""Exercises of `chapters/outlook/deeper`."""

from functools import partial
from math import comb

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _grid_case(rng):
    v, w = rng.uniform(0.2, 0.9, 2)
    return float(v), float(w), int(rng.integers(2, 6)), int(rng.integers(2, 7))


def _grid(v, w, d, k):
    return comb(d - 1 + k, k) * v**d * w**k


def _norm_case(rng):
    x = 3 + 2 * rng.standard_normal((4, 5, 6))
    return x, rng.uniform(0.5, 2, 6), rng.standard_normal(6), 0.1


def _norm(x, gain, offset, eps, axis=-1, ddof=0):
    centred = x - x.mean(axis=axis, keepdims=True)
    return gain * centred / np.sqrt(x.var(axis=axis, keepdims=True, ddof=ddof) + eps) + offset


def _norm_late_eps(x, gain, offset, eps):
    centred = x - x.mean(axis=-1, keepdims=True)
    return gain * centred / (x.std(axis=-1, keepdims=True) + eps) + offset


def _residual_case(rng):
    layers, H = int(rng.integers(3, 6)), 4
    return rng.standard_normal((layers, H, H)) / 2, rng.standard_normal(H)


def _residual(J, g, keep=1.0):
    for factor in J[::-1]:
        g = keep * g + g @ factor
    return g


def _no_transpose(J, g):
    for factor in J[::-1]:
        g = g + factor @ g
    return g


def _sigmoid(a):
    return 0.5 * (1 + np.tanh(a / 2))


def _half(both, c, W, b):
    i, f, g, o = np.split(both @ W + b, 4, axis=-1)
    c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    return _sigmoid(o) * np.tanh(c), c


def _block_case(rng):
    N, H = 3, 4
    W = rng.standard_normal((2, 2 * H, 4 * H)) / 2
    b = rng.standard_normal((2, 4 * H))
    return (W[0], b[0], W[1], b[1]), *rng.standard_normal((4, N, H))


def _block(params, h_depth, c_depth, h_time, c_time):
    W_depth, b_depth, W_time, b_time = params
    both = np.concatenate([h_depth, h_time], axis=-1)
    return *_half(both, c_depth, W_depth, b_depth), *_half(both, c_time, W_time, b_time)


def _block_with_new_state(params, h_depth, c_depth, h_time, c_time):
    W_depth, b_depth, W_time, b_time = params
    both = np.concatenate([h_depth, h_time], axis=-1)
    h_time, c_time = _half(both, c_time, W_time, b_time)
    both = np.concatenate([h_depth, h_time], axis=-1)
    return *_half(both, c_depth, W_depth, b_depth), h_time, c_time


EXERCISES = {
    "grid-gradient": Exercise(
        case=_grid_case,
        solution=_grid,
        outputs=("the gradient",),
        mistakes={
            "This is the gradient along one path: count the paths.": (
                lambda v, w, d, k: v**d * w**k
            ),
            "Too many paths: the first arrow enters the lowest layer, only d - 1 are free.": (
                lambda v, w, d, k: comb(d + k, k) * v**d * w**k
            ),
            "Of the d - 1 + k free moves choose the k that go right, not d.": (
                lambda v, w, d, k: comb(d - 1 + k, d) * v**d * w**k
            ),
            "This is the sum over all steps: only the paths of k steps count.": (
                lambda v, w, d, k: (v / (1 - w)) ** d
            ),
            "The factors are exchanged: v is for going up, w for going on in time.": (
                lambda v, w, d, k: comb(d - 1 + k, k) * w**d * v**k
            ),
        },
    ),
    "layer-norm": Exercise(
        case=_norm_case,
        solution=_norm,
        outputs=("y",),
        mistakes={
            "This normalises over the steps; take the mean over the units of each step.": (
                partial(_norm, axis=1)
            ),
            "This normalises over the sequences; take the mean over the units of each step.": (
                partial(_norm, axis=0)
            ),
            "One mean for each sequence is too few: each of its steps has a mean of its own.": (
                partial(_norm, axis=(1, 2))
            ),
            "eps is missing: add it to the variance, under the root.": (
                lambda x, gain, offset, eps: _norm(x, gain, offset, 0.0)
            ),
            "Divide the squares by the number of units, not by one less.": (partial(_norm, ddof=1)),
            "eps belongs under the root, beside the variance.": _norm_late_eps,
        },
    ),
    "residual-gradient": Exercise(
        case=_residual_case,
        solution=_residual,
        outputs=("the gradient",),
        mistakes={
            "The straight path is missing: this is the gradient of a plain stack.": (
                lambda J, g: _residual(J, g, keep=0.0)
            ),
            "The order is wrong: the gradient meets the top layer, the last of J, first.": (
                lambda J, g: _residual(J[::-1], g)
            ),
            "These are the paths through one layer or none: those through several are missing.": (
                lambda J, g: g + g @ J.sum(axis=0)
            ),
            "A transpose is missing: rows of J are outputs, columns are inputs.": _no_transpose,
        },
    ),
    "grid-lstm-step": Exercise(
        case=_block_case,
        solution=_block,
        outputs=("h_depth", "c_depth", "h_time", "c_time"),
        mistakes={
            "Each direction keeps a cell of its own: here both begin from the cell of the depth.": (
                lambda params, h_depth, c_depth, h_time, c_time: _block(
                    params, h_depth, c_depth, h_time, c_depth
                )
            ),
            "The cells are exchanged: the depth's gates act on the depth's cell.": (
                lambda params, h_depth, c_depth, h_time, c_time: _block(
                    params, h_depth, c_time, h_time, c_depth
                )
            ),
            "The order is h_depth, c_depth, h_time, c_time: what goes up comes first.": (
                lambda *given: (*_block(*given)[2:], *_block(*given)[:2])
            ),
            "Both directions read the old states: the depth has read the new state of the time.": (
                _block_with_new_state
            ),
        },
    ),
}
