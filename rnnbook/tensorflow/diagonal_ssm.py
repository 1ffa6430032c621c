"""Diagonal state space layer in Keras. Symbols: `rnnbook.numpy.diagonal_ssm`."""

from typing import Any

import keras
import tensorflow as tf

from rnnbook._check import check_sizes
from rnnbook.numpy import diagonal_ssm
from rnnbook.tensorflow._check import check_axes
from rnnbook.tensorflow._complex_states import ComplexRecurrence, as_complex
from rnnbook.tensorflow._masks import zero_masked
from rnnbook.tensorflow.layer import first_state
from rnnbook.tensorflow.scan import scan


@keras.saving.register_keras_serializable(package="rnnbook")
class DiagonalSSM(ComplexRecurrence):
    """Diagonal state space layer with the weights of `rnnbook.numpy.diagonal_ssm.Params`.

    Its initial weights are those of `rnnbook.numpy.diagonal_ssm.init`: decay 1/2, frequencies
    pi m, steps from 0.001 to 0.1 on a logarithmic scale, normal C, skip 1.

    >>> layer = DiagonalSSM(state_size=3)
    >>> y, h = layer(tf.ones((1, 5, 2)))
    >>> y.shape, h.shape, layer.convolve(tf.ones((1, 5, 2))).shape
    (TensorShape([1, 5, 2]), TensorShape([1, 2, 3]), TensorShape([1, 5, 2]))
    """

    params_type = diagonal_ssm.Params

    def __init__(self, state_size: int, **options: Any):
        super().__init__(**options)
        check_sizes(state_size=state_size)
        self.state_size = state_size

    def build(self, input_shape: tuple) -> None:
        """Make the weights of `rnnbook.numpy.diagonal_ssm.init`."""
        check_axes("x", input_shape, self.x_symbols)
        self.input_size = input_shape[-1]
        self.draw(diagonal_ssm.init, self.input_size, self.state_size)

    def discretise(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Coefficients of one step, (D, M) each."""
        A, dt = self._continuous()
        A_bar = tf.exp(A * dt)  # eq-ssm-a
        B_bar = tf.math.expm1(A * dt) / A  # eq-ssm-b
        return A_bar, B_bar

    def _continuous(self):
        A = tf.complex(-tf.exp(self.log_decay), tf.convert_to_tensor(self.frequency))
        return A, as_complex(tf.exp(self.log_dt))[:, None]

    def call(
        self,
        x: tf.Tensor,
        initial_state: tf.Tensor | None = None,
        mask: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Outputs (N, T, D) and the last state, from x (N, T, D), the first state, a mask (N, T).

        States are complex (N, D, M). T must be known when a function is traced.
        """
        x, mask = self.wide_inputs(x, mask)
        sizes = (self.input_size, self.state_size)
        h_0 = first_state(x, initial_state, "(N, D, M)", sizes, self.state_dtype)
        A_bar, B_bar = self.discretise()
        u = B_bar * as_complex(x)[..., None]
        hs = scan(A_bar + tf.zeros_like(u), u, h_0, mask=mask)  # eq-ssm-h
        C = tf.complex(self.C_re, self.C_im)
        y = 2 * tf.reduce_sum(tf.math.real(hs * C), axis=-1) + self.skip * x  # eq-ssm-y
        return zero_masked(tf.cast(y, self.compute_dtype), mask), hs[:, -1]

    def kernel(self, length: int) -> tf.Tensor:
        """The kernel (T, D) of the convolution that the layer is."""
        A, dt = self._continuous()
        _, B_bar = self.discretise()
        C = tf.complex(self.C_re, self.C_im)
        powers = tf.exp(A * dt * tf.cast(tf.range(length), C.dtype)[:, None, None])
        k = 2 * tf.reduce_sum(tf.math.real(powers * B_bar * C), axis=-1)  # eq-ssm-kernel
        return k

    def convolve(self, x: tf.Tensor) -> tf.Tensor:
        """Outputs (N, T, D) from the state zero, without a mask, by Fourier transform.

        Build the layer before, or call it once.
        """
        if not self.built:
            raise ValueError("DiagonalSSM has no weights yet: call or build it first")
        x, _ = self.wide_inputs(tf.convert_to_tensor(x, self.compute_dtype), None)
        T = x.shape[1]
        k_f = tf.signal.rfft(tf.transpose(self.kernel(T)), [2 * T])  # along the last axis
        x_f = tf.signal.rfft(tf.transpose(x, (0, 2, 1)), [2 * T])
        y = tf.transpose(tf.signal.irfft(k_f * x_f, [2 * T])[..., :T], (0, 2, 1))
        y = y + self.skip * x  # eq-ssm-convolution
        return tf.cast(y, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Settings from which `from_config` makes the same layer."""
        return {**super().get_config(), "state_size": self.state_size}
