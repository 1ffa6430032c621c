"""Layer-normalised LSTM in Keras. Symbols and source: `rnnbook.torch.layer_norm_lstm`."""

import keras
import tensorflow as tf

from rnnbook.tensorflow.layer import Layer, add_weight

EPSILON = 1e-5  # added to the variance


@keras.saving.register_keras_serializable(package="rnnbook")
class LayerNormLSTMCell(keras.layers.Layer):
    """One step, with W_x (D, 4H), W_h (H, 4H), b (4H,), s_x, s_h (4H,), s_c, b_c (H,).

    >>> layer = keras.layers.RNN(LayerNormLSTMCell(2))
    >>> layer(tf.ones((1, 5, 3))).shape
    TensorShape([1, 2])
    """

    def __init__(self, units, *, forget_bias=1.0, **options):
        super().__init__(**options)
        self.units, self.forget_bias = units, forget_bias
        self.state_size = [units, units]
        self.output_size = units

    def build(self, input_shape):
        """Make the weights: as an LSTM, with gains 1 and the cell's bias 0."""
        D, H = input_shape[-1], self.units
        self.W_x = add_weight(self, "W_x", (D, 4 * H), "glorot_uniform")
        self.W_h = add_weight(self, "W_h", (H, 4 * H), "orthogonal")
        self.b = add_weight(self, "b", (4 * H,), self._initial_bias)
        self.s_x = add_weight(self, "s_x", (4 * H,), "ones")
        self.s_h = add_weight(self, "s_h", (4 * H,), "ones")
        self.s_c = add_weight(self, "s_c", (H,), "ones")
        self.b_c = add_weight(self, "b_c", (H,), "zeros")

    def _initial_bias(self, shape, dtype=None):
        b_i, b_f, b_g, b_o = tf.split(tf.zeros(shape, dtype), 4)
        return tf.concat([b_i, b_f + self.forget_bias, b_g, b_o], axis=0)

    def call(self, x_t, states):
        """One step: (N, D) inputs and [h, c] give the output h and the next [h, c]."""
        h_prev, c_prev = states
        h, c = _cell(self, x_t, h_prev, c_prev)
        return h, [h, c]

    def get_config(self):
        """Settings from which `from_config` makes the same cell."""
        return {**super().get_config(), "units": self.units, "forget_bias": self.forget_bias}


@keras.saving.register_keras_serializable(package="rnnbook")
class LayerNormLSTM(Layer):
    """LSTM layer with layer normalisation; options as in `LayerNormLSTMCell`, `keras.layers.RNN`.

    >>> LayerNormLSTM(2, return_sequences=True)(tf.ones((1, 5, 3))).shape
    TensorShape([1, 5, 2])
    """

    cell_type = LayerNormLSTMCell


# The equations.


def _normalise(v):
    mean, variance = tf.nn.moments(v, axes=[-1], keepdims=True)
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
