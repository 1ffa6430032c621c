"""minGRU in Keras. Symbols and sources: `rnnbook.numpy.min_gru`."""

from typing import Any

import keras
import tensorflow as tf

from rnnbook._check import check_sizes
from rnnbook.numpy import min_gru
from rnnbook.tensorflow._check import check_axes, check_known_steps
from rnnbook.tensorflow._masks import zero_masked
from rnnbook.tensorflow.layer import Recurrence, constant_block, first_state, prepare
from rnnbook.tensorflow.scan import scan


@keras.saving.register_keras_serializable(package="rnnbook")
class MinGRU(Recurrence):
    """minGRU with W (D, 2H), b (2H,), in the order z, n.

    At first W is Glorot-uniform, and b is zero but for z, where it is `keep_bias`.

    >>> hs, h = MinGRU(2)(tf.ones((1, 5, 3)))
    >>> hs.shape, h.shape
    (TensorShape([1, 5, 2]), TensorShape([1, 2]))
    """

    params_type = min_gru.Params

    def __init__(self, units: int, *, keep_bias: float = 0.0, **options: Any):
        super().__init__(**options)
        check_sizes(units=units)
        self.units, self.keep_bias = units, keep_bias

    def build(self, input_shape: tuple) -> None:
        """Make the weights: Glorot-uniform W, zero bias but `keep_bias` for z."""
        check_axes("x", input_shape, self.x_symbols)
        self.input_size = D = input_shape[-1]
        H, bias = self.units, constant_block(2, 0, value=self.keep_bias)
        self.W = self.add_weight(name="W", shape=(D, 2 * H), initializer="glorot_uniform")
        self.b = self.add_weight(name="b", shape=(2 * H,), initializer=bias)

    def call(
        self,
        x: tf.Tensor,
        initial_state: tf.Tensor | None = None,
        mask: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Outputs (N, T, H) and the last state, from x (N, T, D), the first state, a mask (N, T).

        States are (N, H). T must be known when a function is traced.
        """
        x, mask = prepare(self, x, self.input_size, mask)
        check_known_steps(self, x)
        h_0 = first_state(x, initial_state, "(N, H)", (self.units,), x.dtype)
        a_z, a_n = tf.split(x @ self.W + self.b, 2, axis=-1)
        z = tf.sigmoid(a_z)  # eq-min-gru-z
        n = a_n  # eq-min-gru-n
        hs = scan(z, (1 - z) * n, h_0, mask=mask)  # eq-min-gru-h
        return zero_masked(hs, mask), hs[:, -1]

    def get_config(self) -> dict[str, Any]:
        """Settings from which `from_config` makes the same layer."""
        return {**super().get_config(), "units": self.units, "keep_bias": self.keep_bias}
