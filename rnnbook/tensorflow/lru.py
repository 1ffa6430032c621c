"""Linear recurrent unit in Keras. Symbols and sources: `rnnbook.numpy.lru`."""

import keras
import numpy as np
import tensorflow as tf

from rnnbook._check import check_sizes
from rnnbook.numpy import lru
from rnnbook.tensorflow.scan import scan


@keras.saving.register_keras_serializable(package="rnnbook")
class LRU(keras.layers.Layer):
    """Linear recurrent unit with the weights of `rnnbook.numpy.lru.Params`; D in, D out.

    `radius` and `max_angle` are those of `rnnbook.numpy.lru.init`.

    >>> y, h = LRU(2)(tf.ones((1, 5, 3)))
    >>> y.shape, h.dtype.name
    (TensorShape([1, 5, 3]), 'complex64')
    """

    def __init__(self, units, *, radius=(0.9, 0.999), max_angle=2 * np.pi, **options):
        super().__init__(**options)
        check_sizes(units=units)
        self.units, self.radius, self.max_angle = units, radius, max_angle
        self.seeds = keras.random.SeedGenerator()  # keras.utils.set_random_seed rules it

    def build(self, input_shape):
        """Make the weights of `rnnbook.numpy.lru.init`."""
        seed = int(keras.random.randint((), 0, 2**31 - 1, seed=self.seeds))
        options = {"radius": tuple(self.radius), "max_angle": self.max_angle}
        params = lru.init(np.random.default_rng(seed), input_shape[-1], self.units, **options)
        for name, value in params._asdict().items():
            start = keras.initializers.Constant(value)
            setattr(self, name, self.add_weight(name=name, shape=value.shape, initializer=start))

    def call(self, x, h=None):
        """Outputs (N, T, D) and the last complex state, from x (N, T, D) and the first state."""
        lam = tf.exp(tf.complex(-tf.exp(self.nu), tf.exp(self.theta)))  # eq-lru-lambda
        h_0 = tf.zeros((tf.shape(x)[0], self.units), lam.dtype) if h is None else h
        B, C = tf.complex(self.B_re, self.B_im), tf.complex(self.C_re, self.C_im)
        gamma = tf.cast(tf.exp(self.log_gamma), B.dtype)
        u = gamma * (tf.cast(x, B.dtype) @ B)  # eq-lru-u
        hs = scan(lam + tf.zeros_like(u), u, h_0)  # eq-lru-h
        y = tf.math.real(hs @ C) + self.skip * x  # eq-lru-y
        return y, hs[:, -1]

    def get_config(self):
        """Settings from which `from_config` makes the same layer."""
        names = ("units", "radius", "max_angle")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
