"""Linear recurrent unit in Keras. Symbols and sources: `rnnbook.numpy.lru`."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from rnnbook._check import check_sizes
from rnnbook.numpy import lru
from rnnbook.tensorflow._check import check_axes
from rnnbook.tensorflow._complex_states import ComplexRecurrence, as_complex
from rnnbook.tensorflow._masks import zero_masked
from rnnbook.tensorflow.layer import first_state
from rnnbook.tensorflow.scan import scan


@keras.saving.register_keras_serializable(package="rnnbook")
class LRU(ComplexRecurrence):
    """Linear recurrent unit with the weights of `rnnbook.numpy.lru.Params`; D in, D out.

    `radius` and `max_angle` are those of `rnnbook.numpy.lru.init`, which also gives the initial
    weights: eigenvalues uniform on the ring between the two radii, normal B, C and skip.

    >>> y, h = LRU(2)(tf.ones((1, 5, 3)))
    >>> y.shape, h.dtype.name
    (TensorShape([1, 5, 3]), 'complex64')
    """

    params_type = lru.Params

    def __init__(
        self,
        units: int,
        *,
        radius: tuple[float, float] = (0.9, 0.999),
        max_angle: float = 2 * np.pi,
        **options: Any,
    ):
        super().__init__(**options)
        check_sizes(units=units)
        self.units, self.radius, self.max_angle = units, radius, max_angle

    def build(self, input_shape: tuple) -> None:
        """Make the weights of `rnnbook.numpy.lru.init`."""
        check_axes("x", input_shape, self.x_symbols)
        self.input_size = D = input_shape[-1]
        options = {"radius": tuple(self.radius), "max_angle": self.max_angle}
        self.draw(lru.init, D, self.units, **options)

    def call(
        self,
        x: tf.Tensor,
        initial_state: tf.Tensor | None = None,
        mask: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Outputs (N, T, D) and the last state, from x (N, T, D), the first state, a mask (N, T).

        States are complex (N, H). T must be known when a function is traced.
        """
        x, mask = self.wide_inputs(x, mask)
        h_0 = first_state(x, initial_state, "(N, H)", (self.units,), self.state_dtype)
        lam = tf.exp(tf.complex(-tf.exp(self.nu), tf.exp(self.theta)))  # eq-lru-lambda
        B, C = tf.complex(self.B_re, self.B_im), tf.complex(self.C_re, self.C_im)
        gamma = as_complex(tf.exp(self.log_gamma))
        u = gamma * (as_complex(x) @ B)  # eq-lru-u
        hs = scan(lam + tf.zeros_like(u), u, h_0, mask=mask)  # eq-lru-h
        y = tf.math.real(hs @ C) + self.skip * x  # eq-lru-y
        return zero_masked(tf.cast(y, self.compute_dtype), mask), hs[:, -1]

    def get_config(self) -> dict[str, Any]:
        """Settings from which `from_config` makes the same layer."""
        names = ("units", "radius", "max_angle")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
