"""The plain recurrent network of Elman (1990) in Keras. Symbols: `rnnbook.numpy.rnn`."""

import keras
import tensorflow as tf

from rnnbook._check import check_choice
from rnnbook.numpy import rnn
from rnnbook.tensorflow.layer import Layer, add_weight

ACTIVATIONS = {"tanh": tf.tanh, "relu": tf.nn.relu}


@keras.saving.register_keras_serializable(package="rnnbook")
class RNNCell(keras.layers.Layer):
    """One step, with weights W_x (D, H), W_h (H, H), b (H,); for `keras.layers.RNN` too.

    >>> layer = keras.layers.RNN(RNNCell(2))
    >>> layer(tf.ones((1, 5, 3))).shape
    TensorShape([1, 2])
    """

    def __init__(self, units, *, activation="tanh", **options):
        super().__init__(**options)
        check_choice("activation", activation, tuple(ACTIVATIONS))
        self.units, self.activation = units, activation
        self.params_type = rnn.Params
        self.state_size = units

    def build(self, input_shape):
        """Make the weights: Glorot-uniform W_x, orthogonal W_h, zero bias."""
        D, H = input_shape[-1], self.units
        self.W_x = add_weight(self, "W_x", (D, H), "glorot_uniform")
        self.W_h = add_weight(self, "W_h", (H, H), "orthogonal")
        self.b = add_weight(self, "b", (H,), "zeros")

    def call(self, x_t, states):
        """One step: (N, D) inputs and [h] with h (N, H) give the output h and the next [h]."""
        (h_prev,) = states
        h = _cell(self, _input_product(self, x_t), h_prev, ACTIVATIONS[self.activation])
        return h, [h]

    def get_config(self):
        """Settings from which `from_config` makes the same cell."""
        return {**super().get_config(), "units": self.units, "activation": self.activation}


@keras.saving.register_keras_serializable(package="rnnbook")
class RNN(Layer):
    """Plain recurrent layer; options are those of `RNNCell` and of `keras.layers.RNN`.

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
