"""Diagonal state space layer in Keras. Symbols: `rnnbook.numpy.diagonal_ssm`."""

import keras
import numpy as np
import tensorflow as tf

from rnnbook._check import check_sizes
from rnnbook.numpy import diagonal_ssm
from rnnbook.tensorflow.scan import scan


@keras.saving.register_keras_serializable(package="rnnbook")
class DiagonalSSM(keras.layers.Layer):
    """Diagonal state space layer with the weights of `rnnbook.numpy.diagonal_ssm.Params`.

    >>> layer = DiagonalSSM(state_size=3)
    >>> y, h = layer(tf.ones((1, 5, 2)))
    >>> y.shape, h.shape, layer.convolve(tf.ones((1, 5, 2))).shape
    (TensorShape([1, 5, 2]), TensorShape([1, 2, 3]), TensorShape([1, 5, 2]))
    """

    def __init__(self, state_size, **options):
        super().__init__(**options)
        check_sizes(state_size=state_size)
        self.state_size = state_size
        self.seeds = keras.random.SeedGenerator()  # keras.utils.set_random_seed rules it

    def build(self, input_shape):
        """Make the weights of `rnnbook.numpy.diagonal_ssm.init`."""
        seed = int(keras.random.randint((), 0, 2**31 - 1, seed=self.seeds))
        params = diagonal_ssm.init(np.random.default_rng(seed), input_shape[-1], self.state_size)
        for name, value in params._asdict().items():
            start = keras.initializers.Constant(value)
            setattr(self, name, self.add_weight(name=name, shape=value.shape, initializer=start))

    def discretise(self):
        """Coefficients of one step, (D, M) each."""
        A, dt = self._continuous()
        A_bar = tf.exp(A * dt)  # eq-ssm-a
        B_bar = tf.math.expm1(A * dt) / A  # eq-ssm-b
        return A_bar, B_bar

    def _continuous(self):
        A = tf.complex(-tf.exp(self.log_decay), tf.convert_to_tensor(self.frequency))
        return A, tf.cast(tf.exp(self.log_dt), A.dtype)[:, None]

    def call(self, x, h=None):
        """Outputs (N, T, D) and the last complex state, from x (N, T, D) and the first state."""
        A_bar, B_bar = self.discretise()
        h_0 = tf.zeros((tf.shape(x)[0], *A_bar.shape), A_bar.dtype) if h is None else h
        u = B_bar * tf.cast(x, B_bar.dtype)[..., None]
        hs = scan(A_bar + tf.zeros_like(u), u, h_0)  # eq-ssm-h
        C = tf.complex(self.C_re, self.C_im)
        y = 2 * tf.reduce_sum(tf.math.real(hs * C), axis=-1) + self.skip * x  # eq-ssm-y
        return y, hs[:, -1]

    def kernel(self, length):
        """The kernel (T, D) of the convolution that the layer is."""
        A, dt = self._continuous()
        _, B_bar = self.discretise()
        C = tf.complex(self.C_re, self.C_im)
        powers = tf.exp(A * dt * tf.cast(tf.range(length), C.dtype)[:, None, None])
        k = 2 * tf.reduce_sum(tf.math.real(powers * B_bar * C), axis=-1)  # eq-ssm-kernel
        return k

    def convolve(self, x):
        """Outputs (N, T, D) from the state zero, by Fourier transform."""
        T = x.shape[1]
        k_f = tf.signal.rfft(tf.transpose(self.kernel(T)), [2 * T])  # along the last axis
        x_f = tf.signal.rfft(tf.transpose(x, (0, 2, 1)), [2 * T])
        y = tf.transpose(tf.signal.irfft(k_f * x_f, [2 * T])[..., :T], (0, 2, 1))
        y = y + self.skip * x  # eq-ssm-convolution
        return y

    def get_config(self):
        """Settings from which `from_config` makes the same layer."""
        return {**super().get_config(), "state_size": self.state_size}
