"""The gated recurrent unit in Keras. Symbols and sources: `rnnbook.numpy.gru`."""

import keras
import tensorflow as tf

from rnnbook._check import check_choice
from rnnbook.numpy import gru
from rnnbook.tensorflow.layer import Layer, add_weight


@keras.saving.register_keras_serializable(package="rnnbook")
class GRUCell(keras.layers.Layer):
    """One step, with W_x (D, 3H) and W_h (H, 3H), gates in the order r, z, n.

    `reset="after"` has biases b_x and b_h (3H,) each, `reset="before"` one bias b (3H,).
    Works in `keras.layers.RNN` too.

    >>> layer = keras.layers.RNN(GRUCell(2))
    >>> layer(tf.ones((1, 5, 3))).shape
    TensorShape([1, 2])
    """

    def __init__(self, units, *, reset="after", **options):
        super().__init__(**options)
        check_choice("reset", reset, tuple(gru.RESETS))
        self.units, self.reset = units, reset
        self.params_type = gru.RESETS[reset]
        self.state_size = units

    def build(self, input_shape):
        """Make the weights: Glorot-uniform W_x, orthogonal gates in W_h, zero biases."""
        D, H = input_shape[-1], self.units
        K = len(gru.BLOCKS[self.params_type])
        self.W_x = add_weight(self, "W_x", (D, K * H), "glorot_uniform")
        self.W_h = add_weight(self, "W_h", (H, K * H), "orthogonal")
        for name in self.params_type._fields[2:]:
            setattr(self, name, add_weight(self, name, (K * H,), "zeros"))

    def call(self, x_t, states):
        """One step: (N, D) inputs and [h] with h (N, H) give the output h and the next [h]."""
        (h_prev,) = states
        h = _CELLS[self.reset](self, _input_product(self, x_t), h_prev)
        return h, [h]

    def get_config(self):
        """Settings from which `from_config` makes the same cell."""
        return {**super().get_config(), "units": self.units, "reset": self.reset}


@keras.saving.register_keras_serializable(package="rnnbook")
class GRU(Layer):
    """GRU layer; options are those of `GRUCell` and of `keras.layers.RNN`.

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
