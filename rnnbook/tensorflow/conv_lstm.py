"""Convolutional LSTM in Keras. Symbols and sources: `rnnbook.numpy.conv_lstm`."""

import keras
import tensorflow as tf

from rnnbook._check import check_shape, check_sizes
from rnnbook.numpy import conv_lstm


@keras.saving.register_keras_serializable(package="rnnbook")
class ConvLSTM(keras.layers.Layer):
    """ConvLSTM with W_x (k, k, D, 4H), W_h (k, k, H, 4H), b (4H,), gates i, f, g, o.

    Its weights are those of `keras.layers.ConvLSTM2D` with `padding="same"`, in the same order.

    >>> hs, (h, c) = ConvLSTM(3)(tf.ones((1, 6, 5, 4, 2)))
    >>> hs.shape, c.shape
    (TensorShape([1, 6, 5, 4, 3]), TensorShape([1, 5, 4, 3]))
    """

    def __init__(self, units, *, kernel_size=3, forget_bias=1.0, **options):
        super().__init__(**options)
        check_sizes(units=units, kernel_size=kernel_size)
        if kernel_size % 2 == 0:
            raise ValueError(f"kernel_size is {kernel_size}; expected an odd number")
        self.units, self.kernel_size, self.forget_bias = units, kernel_size, forget_bias

    def build(self, input_shape):
        """Make the weights: Glorot-uniform W_x, orthogonal gates at the centre of W_h."""
        k, D, H = self.kernel_size, input_shape[-1], self.units
        self.W_x = self.add_weight(name="W_x", shape=(k, k, D, 4 * H), initializer=_glorot)
        self.W_h = self.add_weight(name="W_h", shape=(k, k, H, 4 * H), initializer=_centre)
        self.b = self.add_weight(name="b", shape=(4 * H,), initializer=self._forget)

    def _forget(self, shape, dtype=None):
        H = self.units
        zeros, ones = tf.zeros(H, dtype), tf.ones(H, dtype)
        return tf.concat([zeros, self.forget_bias * ones, zeros, zeros], axis=0)

    def call(self, x, state=None):
        """Outputs (N, T, R, C, H) and the last (h, c); T must be known."""
        H = conv_lstm.check_videos(self.W_x, self.W_h, self.b, x)
        shape = (*tf.unstack(tf.shape(x[:, 0, ..., 0])), H)
        h, c = (tf.zeros(shape, x.dtype),) * 2 if state is None else state
        for name, value in {"h": h, "c": c}.items():
            if not value.shape.is_compatible_with((x.shape[0], *x.shape[2:4], H)):
                check_shape(name, value, "(N, R, C, H)", (x.shape[0], *x.shape[2:4], H))
        hs = []
        for t in range(x.shape[1]):
            h, c = _cell(self, _input_product(self, x[:, t]), h, c)
            hs.append(h)
        return tf.stack(hs, axis=1), (h, c)

    def get_config(self):
        """Settings from which `from_config` makes the same layer."""
        names = ("units", "kernel_size", "forget_bias")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _glorot(shape, dtype=None):
    k, _, D, K = shape
    return tf.reshape(keras.initializers.GlorotUniform()((k * k * D, K), dtype), shape)


def _centre(shape, dtype=None):
    k, _, H, K = shape
    blocks = [keras.initializers.Orthogonal()((H, H), dtype) for _ in range(K // H)]
    place = tf.reshape(tf.one_hot(k * k // 2, k * k, dtype=blocks[0].dtype), (k, k, 1, 1))
    return place * tf.concat(blocks, axis=1)


def convolve(x, W):
    """Images (N, R, C, D) with filters (k, k, D, K): (N, R, C, K), zeros beyond the edge."""
    return tf.nn.conv2d(x, W, strides=1, padding="SAME")


# The equations.


def _input_product(params, x_t):
    a_x = convolve(x_t, params.W_x) + params.b  # eq-conv-lstm-ax
    return a_x


def _cell(params, a_x_t, h_prev, c_prev):
    a = a_x_t + convolve(h_prev, params.W_h)  # eq-conv-lstm-a
    a_i, a_f, a_g, a_o = tf.split(a, 4, axis=-1)
    i, f, o = tf.sigmoid(a_i), tf.sigmoid(a_f), tf.sigmoid(a_o)
    g = tf.tanh(a_g)
    c = f * c_prev + i * g  # eq-conv-lstm-c
    h = o * tf.tanh(c)  # eq-conv-lstm-h
    return h, c
