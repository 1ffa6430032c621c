"""Layer-normalised LSTM in Keras. Symbols and source: `rnnbook.numpy.layer_norm_lstm`."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from rnnbook._check import check_sizes
from rnnbook.numpy import layer_norm_lstm
from rnnbook.tensorflow._check import check_axes
from rnnbook.tensorflow.layer import Cell, Layer, check_step, constant_block, orthogonal_blocks

EPSILON = 1e-5  # added to the variance


@keras.saving.register_keras_serializable(package="rnnbook")
class LayerNormLSTMCell(Cell):
    """One step, with W_x (D, 4H), W_h (H, 4H), b (4H,), s_x, s_h (4H,), s_c, b_c (H,).

    At first W_x, W_h and b are those of an LSTM (b is `forget_bias` at the forget gate), the
    gains s_x, s_h, s_c are 1, and b_c is zero.

    >>> layer = keras.layers.RNN(LayerNormLSTMCell(2))
    >>> layer(tf.ones((1, 5, 3))).shape
    TensorShape([1, 2])
    """

    params_type = layer_norm_lstm.Params

    def __init__(self, units: int, *, forget_bias: float = 1.0, **options: Any):
        super().__init__(**options)
        check_sizes(units=units)
        self.units, self.forget_bias = units, forget_bias
        self.state_size = [units, units]
        self.output_size = units

    def build(self, input_shape: tuple) -> None:
        """Make the weights: as an LSTM, with gains 1 and the cell's bias 0."""
        check_axes("x_t", input_shape, self.x_symbols)
        self.input_size = D = input_shape[-1]
        H, bias = self.units, constant_block(4, 1, value=self.forget_bias)
        self.W_x = self.add_weight(name="W_x", shape=(D, 4 * H), initializer="glorot_uniform")
        self.W_h = self.add_weight(name="W_h", shape=(H, 4 * H), initializer=orthogonal_blocks)
        self.b = self.add_weight(name="b", shape=(4 * H,), initializer=bias)
        self.s_x = self.add_weight(name="s_x", shape=(4 * H,), initializer="ones")
        self.s_h = self.add_weight(name="s_h", shape=(4 * H,), initializer="ones")
        self.s_c = self.add_weight(name="s_c", shape=(H,), initializer="ones")
        self.b_c = self.add_weight(name="b_c", shape=(H,), initializer="zeros")

    def call(self, x_t: tf.Tensor, states: Sequence[tf.Tensor]) -> tuple[tf.Tensor, list]:
        """One step: (N, D) inputs and [h, c] give the output h and the next [h, c]."""
        check_step(self, x_t, states)
        h_prev, c_prev = states
        h, c = _cell(self, x_t, h_prev, c_prev)
        return h, [h, c]

    def get_config(self) -> dict[str, Any]:
        """Settings from which `from_config` makes the same cell."""
        return {**super().get_config(), "units": self.units, "forget_bias": self.forget_bias}


@keras.saving.register_keras_serializable(package="rnnbook")
class LayerNormLSTM(Layer):
    """LSTM with layer normalisation; options and initial weights are those of its cell.

    Further options are those of `keras.layers.RNN`. Called with x (N, T, D), `initial_state`
    [h, c], (N, H) each, and a Boolean `mask` (N, T); `cell` computes one step.

    >>> LayerNormLSTM(2, return_sequences=True)(tf.ones((1, 5, 3))).shape
    TensorShape([1, 5, 2])
    """

    cell_type = LayerNormLSTMCell


# The equations.


def _normalise(v):
    # tf.nn.moments takes the mean for a constant, which makes second derivatives wrong.
    mean = tf.reduce_mean(v, axis=-1, keepdims=True)
    variance = tf.reduce_mean((v - mean) ** 2, axis=-1, keepdims=True)
    u = (v - mean) / tf.sqrt(variance + EPSILON)  # eq-layer-norm
    return u


def _cell(params, x_t, h_prev, c_prev):
    u_x, u_h = _normalise(x_t @ params.W_x), _normalise(h_prev @ params.W_h)
    a = params.s_x * u_x + params.s_h * u_h + params.b  # eq-layer-norm-a
    a_i, a_f, a_g, a_o = tf.split(a, 4, axis=-1)
    i = tf.sigmoid(a_i)
    f = tf.sigmoid(a_f)
    g = tf.tanh(a_g)
    c = f * c_prev + i * g
    o = tf.sigmoid(a_o)
    h = o * tf.tanh(params.s_c * _normalise(c) + params.b_c)  # eq-layer-norm-h
    return h, c
