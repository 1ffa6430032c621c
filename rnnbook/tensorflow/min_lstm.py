"""minLSTM in Keras. Symbols and sources: `rnnbook.numpy.min_lstm`."""

import keras
import tensorflow as tf

from rnnbook._check import check_sizes
from rnnbook.tensorflow.scan import scan


@keras.saving.register_keras_serializable(package="rnnbook")
class MinLSTM(keras.layers.Layer):
    """minLSTM with W (D, 3H), b (3H,), in the order i, f, n.

    >>> hs, h = MinLSTM(2)(tf.ones((1, 5, 3)))
    >>> hs.shape, h.shape
    (TensorShape([1, 5, 2]), TensorShape([1, 2]))
    """

    def __init__(self, units, *, forget_bias=0.0, **options):
        super().__init__(**options)
        check_sizes(units=units)
        self.units, self.forget_bias = units, forget_bias

    def build(self, input_shape):
        """Make the weights: Glorot-uniform W, zero bias but `forget_bias` for f."""
        D, H = input_shape[-1], self.units
        self.W = self.add_weight(name="W", shape=(D, 3 * H), initializer="glorot_uniform")
        self.b = self.add_weight(name="b", shape=(3 * H,), initializer=self._bias)

    def _bias(self, shape, dtype=None):
        zeros = tf.zeros(self.units, dtype)
        return tf.concat([zeros, zeros + self.forget_bias, zeros], axis=0)

    def call(self, x, h=None):
        """States (N, T, H) and the last one, from x (N, T, D) and the first state."""
        h_0 = tf.zeros((tf.shape(x)[0], self.units), x.dtype) if h is None else h
        a_i, a_f, n = tf.split(x @ self.W + self.b, 3, axis=-1)
        k = tf.sigmoid(tf.math.log_sigmoid(a_f) - tf.math.log_sigmoid(a_i))  # eq-min-lstm-k
        hs = scan(k, (1 - k) * n, h_0)  # eq-min-lstm-h
        return hs, hs[:, -1]

    def get_config(self):
        """Settings from which `from_config` makes the same layer."""
        return {**super().get_config(), "units": self.units, "forget_bias": self.forget_bias}
