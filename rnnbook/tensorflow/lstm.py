"""Long short-term memory in Keras. Symbols and sources: `rnnbook.numpy.lstm`."""

import keras
import tensorflow as tf

from rnnbook.numpy import lstm
from rnnbook.tensorflow.layer import Layer, add_weight


@keras.saving.register_keras_serializable(package="rnnbook")
class LSTMCell(keras.layers.Layer):
    """One step, with W_x (D, 4H), W_h (H, 4H), b (4H,), gates in the order i, f, g, o.

    With `peepholes=True` it also has p (3, H). Works in `keras.layers.RNN` too.

    >>> layer = keras.layers.RNN(LSTMCell(2))
    >>> layer(tf.ones((1, 5, 3))).shape
    TensorShape([1, 2])
    """

    def __init__(self, units, *, peepholes=False, forget_bias=1.0, **options):
        super().__init__(**options)
        self.units, self.peepholes, self.forget_bias = units, peepholes, forget_bias
        self.params_type = lstm.PeepholeParams if peepholes else lstm.Params
        self.state_size = [units, units]
        self.output_size = units

    def build(self, input_shape):
        """Make the weights: Glorot W_x, orthogonal gates in W_h, zero b but `forget_bias` for f."""
        D, H = input_shape[-1], self.units
        self.W_x = add_weight(self, "W_x", (D, 4 * H), "glorot_uniform")
        self.W_h = add_weight(self, "W_h", (H, 4 * H), "orthogonal")
        self.b = add_weight(self, "b", (4 * H,), self._initial_bias)
        self.p = add_weight(self, "p", (3, H), "zeros") if self.peepholes else None

    def _initial_bias(self, shape, dtype=None):
        b_i, b_f, b_g, b_o = tf.split(tf.zeros(shape, dtype), 4)
        return tf.concat([b_i, b_f + self.forget_bias, b_g, b_o], axis=0)

    def call(self, x_t, states):
        """One step: (N, D) inputs and [h, c] give the output h and the next [h, c]."""
        h_prev, c_prev = states
        h, c = _cell(self, _input_product(self, x_t), h_prev, c_prev)
        return h, [h, c]

    def get_config(self):
        """Settings from which `from_config` makes the same cell."""
        config = {"peepholes": self.peepholes, "forget_bias": self.forget_bias}
        return {**super().get_config(), "units": self.units, **config}


@keras.saving.register_keras_serializable(package="rnnbook")
class LSTM(Layer):
    """LSTM layer; options are those of `LSTMCell` and of `keras.layers.RNN`.

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
