"""Long short-term memory in Keras. Symbols and sources: `rnnbook.numpy.lstm`."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from rnnbook._check import check_sizes
from rnnbook.numpy import lstm
from rnnbook.tensorflow._check import check_axes
from rnnbook.tensorflow.layer import Cell, Layer, check_step, constant_block, orthogonal_blocks


@keras.saving.register_keras_serializable(package="rnnbook")
class LSTMCell(Cell):
    """One step, with W_x (D, 4H), W_h (H, 4H), b (4H,), gates in the order i, f, g, o.

    With `peepholes=True` it also has p (3, H). Works in `keras.layers.RNN` too. At first W_x is
    Glorot-uniform, W_h has an orthogonal matrix for each gate, p is zero, and b is zero but for
    the forget gate, where it is `forget_bias`.

    >>> layer = keras.layers.RNN(LSTMCell(2))
    >>> layer(tf.ones((1, 5, 3))).shape
    TensorShape([1, 2])
    """

    def __init__(
        self, units: int, *, peepholes: bool = False, forget_bias: float = 1.0, **options: Any
    ):
        super().__init__(**options)
        check_sizes(units=units)
        self.units, self.peepholes, self.forget_bias = units, peepholes, forget_bias
        self.params_type = lstm.PeepholeParams if peepholes else lstm.Params
        self.state_size = [units, units]
        self.output_size = units

    def build(self, input_shape: tuple) -> None:
        """Make the weights: Glorot W_x, orthogonal gates in W_h, zero b but `forget_bias` for f."""
        check_axes("x_t", input_shape, self.x_symbols)
        self.input_size = D = input_shape[-1]
        H, bias = self.units, constant_block(4, 1, value=self.forget_bias)
        self.W_x = self.add_weight(name="W_x", shape=(D, 4 * H), initializer="glorot_uniform")
        self.W_h = self.add_weight(name="W_h", shape=(H, 4 * H), initializer=orthogonal_blocks)
        self.b = self.add_weight(name="b", shape=(4 * H,), initializer=bias)
        self.p = None
        if self.peepholes:
            self.p = self.add_weight(name="p", shape=(3, H), initializer="zeros")

    def call(self, x_t: tf.Tensor, states: Sequence[tf.Tensor]) -> tuple[tf.Tensor, list]:
        """One step: (N, D) inputs and [h, c] give the output h and the next [h, c]."""
        check_step(self, x_t, states)
        h_prev, c_prev = states
        h, c = _cell(self, _input_product(self, x_t), h_prev, c_prev)
        return h, [h, c]

    def get_config(self) -> dict[str, Any]:
        """Settings from which `from_config` makes the same cell."""
        config = {"peepholes": self.peepholes, "forget_bias": self.forget_bias}
        return {**super().get_config(), "units": self.units, **config}


@keras.saving.register_keras_serializable(package="rnnbook")
class LSTM(Layer):
    """LSTM layer; options and initial weights are those of `LSTMCell`.

    Further options are those of `keras.layers.RNN`. Called with x (N, T, D), `initial_state`
    [h, c], (N, H) each, and a Boolean `mask` (N, T); `cell` computes one step.

    >>> layer = LSTM(2, return_sequences=True, return_state=True)
    >>> hs, h, c = layer(tf.ones((1, 5, 3)))
    >>> hs.shape, c.shape
    (TensorShape([1, 5, 2]), TensorShape([1, 2]))
    """

    cell_type = LSTMCell


# The equations.


def _input_product(params, x):
    a_x = x @ params.W_x + params.b  # eq-lstm-ax
    return a_x


def _cell(params, a_x_t, h_prev, c_prev):
    a = a_x_t + h_prev @ params.W_h  # eq-lstm-a
    a_i, a_f, a_g, a_o = tf.split(a, 4, axis=-1)
    if params.p is not None:
        a_i = a_i + params.p[0] * c_prev  # eq-lstm-peephole-i
        a_f = a_f + params.p[1] * c_prev  # eq-lstm-peephole-f
    i = tf.sigmoid(a_i)  # eq-lstm-i
    f = tf.sigmoid(a_f)  # eq-lstm-f
    g = tf.tanh(a_g)  # eq-lstm-g
    c = f * c_prev + i * g  # eq-lstm-c
    if params.p is not None:
        a_o = a_o + params.p[2] * c  # eq-lstm-peephole-o
    o = tf.sigmoid(a_o)  # eq-lstm-o
    h = o * tf.tanh(c)  # eq-lstm-h
    return h, c
