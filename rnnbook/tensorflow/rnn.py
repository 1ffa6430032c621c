"""The plain recurrent network of Elman (1990) in Keras. Symbols: `rnnbook.numpy.rnn`."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from rnnbook._check import check_choice, check_sizes
from rnnbook.numpy import rnn
from rnnbook.tensorflow._check import check_axes
from rnnbook.tensorflow.layer import Cell, Layer, check_step, orthogonal_blocks

ACTIVATIONS = {"tanh": tf.tanh, "relu": tf.nn.relu}


@keras.saving.register_keras_serializable(package="rnnbook")
class RNNCell(Cell):
    """One step, with weights W_x (D, H), W_h (H, H), b (H,); for `keras.layers.RNN` too.

    `activation` is "tanh" or "relu". At first W_x is Glorot-uniform, W_h orthogonal, b zero.

    >>> layer = keras.layers.RNN(RNNCell(2))
    >>> layer(tf.ones((1, 5, 3))).shape
    TensorShape([1, 2])
    """

    params_type = rnn.Params

    def __init__(self, units: int, *, activation: str = "tanh", **options: Any):
        super().__init__(**options)
        check_sizes(units=units)
        check_choice("activation", activation, tuple(ACTIVATIONS))
        self.units, self.activation = units, activation
        self.state_size = units

    def build(self, input_shape: tuple) -> None:
        """Make the weights: Glorot-uniform W_x, orthogonal W_h, zero bias."""
        check_axes("x_t", input_shape, self.x_symbols)
        self.input_size = D = input_shape[-1]
        H = self.units
        self.W_x = self.add_weight(name="W_x", shape=(D, H), initializer="glorot_uniform")
        self.W_h = self.add_weight(name="W_h", shape=(H, H), initializer=orthogonal_blocks)
        self.b = self.add_weight(name="b", shape=(H,), initializer="zeros")

    def call(self, x_t: tf.Tensor, states: Sequence[tf.Tensor]) -> tuple[tf.Tensor, list]:
        """One step: (N, D) inputs and [h] with h (N, H) give the output h and the next [h]."""
        check_step(self, x_t, states)
        (h_prev,) = states
        h = _cell(self, _input_product(self, x_t), h_prev, ACTIVATIONS[self.activation])
        return h, [h]

    def get_config(self) -> dict[str, Any]:
        """Settings from which `from_config` makes the same cell."""
        return {**super().get_config(), "units": self.units, "activation": self.activation}


@keras.saving.register_keras_serializable(package="rnnbook")
class RNN(Layer):
    """Plain recurrent layer; options and initial weights are those of `RNNCell`.

    Further options are those of `keras.layers.RNN`. Called with x (N, T, D), `initial_state` h
    (N, H) and a Boolean `mask` (N, T); `cell` computes one step.

    >>> layer = RNN(2, return_sequences=True, return_state=True)
    >>> hs, h = layer(tf.ones((1, 5, 3)))
    >>> hs.shape, h.shape
    (TensorShape([1, 5, 2]), TensorShape([1, 2]))
    """

    cell_type = RNNCell


# The equations.


def _input_product(params, x):
    a_x = x @ params.W_x + params.b  # eq-rnn-ax
    return a_x


def _cell(params, a_x_t, h_prev, phi):
    a = a_x_t + h_prev @ params.W_h  # eq-rnn-a
    h = phi(a)  # eq-rnn-h
    return h
