"""minGRU in Keras. Symbols and sources: `rnnbook.numpy.min_gru`."""

import keras
import tensorflow as tf

from rnnbook._check import check_sizes
from rnnbook.tensorflow.scan import scan


@keras.saving.register_keras_serializable(package="rnnbook")
class MinGRU(keras.layers.Layer):
    """minGRU with W (D, 2H), b (2H,), in the order z, n.

    >>> hs, h = MinGRU(2)(tf.ones((1, 5, 3)))
    >>> hs.shape, h.shape
    (TensorShape([1, 5, 2]), TensorShape([1, 2]))
    """

    def __init__(self, units, *, keep_bias=0.0, **options):
        super().__init__(**options)
        check_sizes(units=units)
        self.units, self.keep_bias = units, keep_bias

    def build(self, input_shape):
        """Make the weights: Glorot-uniform W, zero bias but `keep_bias` for z."""
        D, H = input_shape[-1], self.units
        self.W = self.add_weight(name="W", shape=(D, 2 * H), initializer="glorot_uniform")
        self.b = self.add_weight(name="b", shape=(2 * H,), initializer=self._bias)

    def _bias(self, shape, dtype=None):
        return tf.concat(
            [tf.fill(self.units, tf.cast(self.keep_bias, dtype)), tf.zeros(self.units, dtype)], 0
        )

    def call(self, x, h=None):
        """States (N, T, H) and the last one, from x (N, T, D) and the first state."""
        h_0 = tf.zeros((tf.shape(x)[0], self.units), x.dtype) if h is None else h
        a_z, a_n = tf.split(x @ self.W + self.b, 2, axis=-1)
        z = tf.sigmoid(a_z)  # eq-min-gru-z
        n = a_n  # eq-min-gru-n
        hs = scan(z, (1 - z) * n, h_0)  # eq-min-gru-h
        return hs, hs[:, -1]

    def get_config(self):
        """Settings from which `from_config` makes the same layer."""
        return {**super().get_config(), "units": self.units, "keep_bias": self.keep_bias}
