"""The gated recurrent unit in Keras. Symbols and sources: `rnnbook.numpy.gru`."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from rnnbook._check import check_choice, check_sizes
from rnnbook.numpy import gru
from rnnbook.tensorflow._check import check_axes
from rnnbook.tensorflow.layer import Cell, Layer, check_step, orthogonal_blocks


@keras.saving.register_keras_serializable(package="rnnbook")
class GRUCell(Cell):
    """One step, with W_x (D, 3H) and W_h (H, 3H), gates in the order r, z, n.

    `reset="after"` has biases b_x and b_h (3H,) each, `reset="before"` one bias b (3H,).
    Works in `keras.layers.RNN` too. At first W_x is Glorot-uniform, W_h has an orthogonal matrix
    for each gate, and the biases are zero.

    >>> layer = keras.layers.RNN(GRUCell(2))
    >>> layer(tf.ones((1, 5, 3))).shape
    TensorShape([1, 2])
    """

    def __init__(self, units: int, *, reset: str = "after", **options: Any):
        super().__init__(**options)
        check_sizes(units=units)
        check_choice("reset", reset, tuple(gru.RESETS))
        self.units, self.reset = units, reset
        self.params_type = gru.RESETS[reset]
        self.state_size = units

    def build(self, input_shape: tuple) -> None:
        """Make the weights: Glorot-uniform W_x, orthogonal gates in W_h, zero biases."""
        check_axes("x_t", input_shape, self.x_symbols)
        self.input_size = D = input_shape[-1]
        H, K = self.units, len(gru.BLOCKS[self.params_type])
        self.W_x = self.add_weight(name="W_x", shape=(D, K * H), initializer="glorot_uniform")
        self.W_h = self.add_weight(name="W_h", shape=(H, K * H), initializer=orthogonal_blocks)
        for name in self.params_type._fields[2:]:
            setattr(self, name, self.add_weight(name=name, shape=(K * H,), initializer="zeros"))

    def call(self, x_t: tf.Tensor, states: Sequence[tf.Tensor]) -> tuple[tf.Tensor, list]:
        """One step: (N, D) inputs and [h] with h (N, H) give the output h and the next [h]."""
        check_step(self, x_t, states)
        (h_prev,) = states
        h = _CELLS[self.reset](self, _input_product(self, x_t), h_prev)
        return h, [h]

    def get_config(self) -> dict[str, Any]:
        """Settings from which `from_config` makes the same cell."""
        return {**super().get_config(), "units": self.units, "reset": self.reset}


@keras.saving.register_keras_serializable(package="rnnbook")
class GRU(Layer):
    """GRU layer; options and initial weights are those of `GRUCell`.

    Further options are those of `keras.layers.RNN`. Called with x (N, T, D), `initial_state` h
    (N, H) and a Boolean `mask` (N, T); `cell` computes one step.

    >>> layer = GRU(2, return_sequences=True, return_state=True)
    >>> hs, h = layer(tf.ones((1, 5, 3)))
    >>> hs.shape, h.shape
    (TensorShape([1, 5, 2]), TensorShape([1, 2]))
    """

    cell_type = GRUCell


# The equations.


def _input_product(params, x):
    b_x = params.b if params.reset == "before" else params.b_x
    a_x = x @ params.W_x + b_x  # eq-gru-ax
    return a_x


# Reset after the product.


def _cell(params, a_x_t, h_prev):
    a_h = h_prev @ params.W_h + params.b_h  # eq-gru-ah
    (a_xr, a_xz, a_xn), (a_hr, a_hz, a_hn) = (tf.split(a, 3, axis=-1) for a in (a_x_t, a_h))
    r = tf.sigmoid(a_xr + a_hr)  # eq-gru-r
    z = tf.sigmoid(a_xz + a_hz)  # eq-gru-z
    n = tf.tanh(a_xn + r * a_hn)  # eq-gru-n
    h = (1 - z) * n + z * h_prev  # eq-gru-h
    return h


# Reset before the product.


def _before_cell(params, a_x_t, h_prev):
    W_hr, W_hz, W_hn = tf.split(params.W_h, 3, axis=-1)
    a_xr, a_xz, a_xn = tf.split(a_x_t, 3, axis=-1)
    r = tf.sigmoid(a_xr + h_prev @ W_hr)  # eq-gru-before-r
    z = tf.sigmoid(a_xz + h_prev @ W_hz)  # eq-gru-before-z
    a_hn = (r * h_prev) @ W_hn  # eq-gru-before-ahn
    n = tf.tanh(a_xn + a_hn)  # eq-gru-before-n
    h = (1 - z) * n + z * h_prev  # eq-gru-before-h
    return h


_CELLS = {"after": _cell, "before": _before_cell}
