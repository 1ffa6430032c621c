"""Exercises of `chapters/tools/frameworks`."""

from functools import partial

import numpy as np

from rnnbook.book.exercises.checker import Exercise


def _torch_gru_case(rng):
    D, H = (int(size) for size in rng.integers(2, 5, 2))
    shapes = (3 * H, D), (3 * H, H), (3 * H,), (3 * H,)
    return tuple(rng.standard_normal(shape) for shape in shapes)


def _reorder(wide, order=(1, 0, 2)):
    blocks = np.split(wide, 3, axis=-1)
    return np.concatenate([blocks[k] for k in order], axis=-1)


def _torch_to_keras(w_ih, w_hh, b_ih, b_hh, order=(1, 0, 2)):
    wide = w_ih.T, w_hh.T, np.stack([b_ih, b_hh])
    return tuple(_reorder(array, order) for array in wide)


def _one_bias(w_ih, w_hh, b_ih, b_hh):
    return *_torch_to_keras(w_ih, w_hh, b_ih, b_hh)[:2], _reorder(b_ih + b_hh)


def _biases_left(w_ih, w_hh, b_ih, b_hh):
    return *_torch_to_keras(w_ih, w_hh, b_ih, b_hh)[:2], np.stack([b_ih, b_hh])


def _not_transposed(w_ih, w_hh, b_ih, b_hh):
    return w_ih, w_hh, _reorder(np.stack([b_ih, b_hh]))


def _biases_case(rng):
    H = int(rng.integers(2, 5))
    return rng.standard_normal(3 * H), rng.standard_normal(3 * H)


def _merge_biases(b_ih, b_hh):
    kept = np.where(np.arange(len(b_hh)) < 2 * len(b_hh) // 3, 0.0, b_hh)
    return b_ih + b_hh - kept, kept


def _only_first_kept(b_ih, b_hh):
    kept = np.where(np.arange(len(b_hh)) < len(b_hh) // 3, b_hh, 0.0)
    return b_ih + b_hh - kept, kept


def _gru_case(rng):
    D, H = (int(size) for size in rng.integers(2, 5, 2))
    shapes = (D, 3 * H), (H, 3 * H), (3 * H,), (3 * H,)
    return tuple(rng.standard_normal(shape) for shape in shapes)


def _gru_to_equinox(W_x, W_h, b_x, b_h):
    bias, kept = _merge_biases(b_x, b_h)
    return W_x.T, W_h.T, bias, kept[-(len(kept) // 3) :]


def _state_case(rng):
    layers, N, H = int(rng.integers(2, 4)), int(rng.integers(2, 6)), int(rng.integers(2, 5))
    return (rng.standard_normal((2 * layers, N, H)),)


def _summary(h_n):
    return np.concatenate([h_n[-2], h_n[-1]], axis=-1)


EXERCISES = {
    "torch-to-keras": Exercise(
        case=_torch_gru_case,
        solution=_torch_to_keras,
        outputs=("the kernel", "the recurrent kernel", "the bias"),
        mistakes={
            "The gates stand as in torch, r, z, n: Keras wants z, r, n.": (
                partial(_torch_to_keras, order=(0, 1, 2))
            ),
            "The gates are turned round, n, z, r: exchange only the first two.": (
                partial(_torch_to_keras, order=(2, 1, 0))
            ),
            "Transpose the matrices: Keras multiplies from the other side.": _not_transposed,
            "The two biases of a GRU are not added: stack them.": _one_bias,
            "The biases have gates too: reorder them like the matrices.": _biases_left,
        },
    ),
    "merge-biases": Exercise(
        case=_biases_case,
        solution=_merge_biases,
        outputs=("the first bias", "the second bias"),
        mistakes={
            "In n the reset gate multiplies the second bias: it cannot be added to the first.": (
                lambda b_ih, b_hh: (b_ih + b_hh, np.zeros_like(b_hh))
            ),
            "Keep the block of n, the last one, and merge r and z.": _only_first_kept,
            "This is the same network; r and z need only one bias.": lambda *biases: biases,
            "What is kept in the second bias must not be added to the first as well.": (
                lambda b_ih, b_hh: (b_ih + b_hh, _merge_biases(b_ih, b_hh)[1])
            ),
        },
    ),
    "gru-to-equinox": Exercise(
        case=_gru_case,
        solution=_gru_to_equinox,
        outputs=("weight_ih", "weight_hh", "bias", "bias_n"),
        mistakes={
            "Transpose the matrices: Equinox multiplies from the other side.": (
                lambda W_x, W_h, b_x, b_h: (W_x, W_h, *_gru_to_equinox(W_x, W_h, b_x, b_h)[2:])
            ),
            "The blocks r and z of b_h are lost: add them to bias.": (
                lambda W_x, W_h, b_x, b_h: (W_x.T, W_h.T, b_x, b_h[-(len(b_h) // 3) :])
            ),
            "The block n of b_h counts twice: it goes into bias_n only.": (
                lambda W_x, W_h, b_x, b_h: (W_x.T, W_h.T, b_x + b_h, b_h[-(len(b_h) // 3) :])
            ),
            "bias_n is the last block of b_h, n, not the first.": (
                lambda W_x, W_h, b_x, b_h: (
                    *_gru_to_equinox(W_x, W_h, b_x, b_h)[:3],
                    b_h[: len(b_h) // 3],
                )
            ),
        },
    ),
    "read-h-n": Exercise(
        case=_state_case,
        solution=_summary,
        outputs=("the summary",),
        mistakes={
            "This is the first layer; the last one stands at the end.": (
                lambda h_n: np.concatenate([h_n[0], h_n[1]], axis=-1)
            ),
            "Forward comes before backward in h_n.": (
                lambda h_n: np.concatenate([h_n[-1], h_n[-2]], axis=-1)
            ),
            "h_n[-1] is the backward direction alone.": lambda h_n: h_n[-1],
            "These are all layers; only the last one is asked for.": (
                lambda h_n: np.concatenate(list(h_n), axis=-1)
            ),
            "A reshape mixes sequences: the first axis of h_n is no part of the batch.": (
                lambda h_n: h_n[-2:].reshape(h_n.shape[1], -1)
            ),
        },
    ),
}
