"""minLSTM in Keras. Symbols and sources: `rnnbook.numpy.min_lstm`."""

from typing import Any

import keras
import tensorflow as tf

from rnnbook._check import check_sizes
from rnnbook.numpy import min_lstm
from rnnbook.tensorflow._check import check_axes, check_known_steps
from rnnbook.tensorflow._masks import zero_masked
from rnnbook.tensorflow.layer import Recurrence, constant_block, first_state, prepare
from rnnbook.tensorflow.scan import scan


@keras.saving.register_keras_serializable(package="rnnbook")
class MinLSTM(Recurrence):
    """minLSTM with W (D, 3H), b (3H,), in the order i, f, n.

    At first W is Glorot-uniform, and b is zero but for f, where it is `forget_bias`.

    >>> hs, h = MinLSTM(2)(tf.ones((1, 5, 3)))
    >>> hs.shape, h.shape
    (TensorShape([1, 5, 2]), TensorShape([1, 2]))
    """

    params_type = min_lstm.Params

    def __init__(self, units: int, *, forget_bias: float = 0.0, **options: Any):
        super().__init__(**options)
        check_sizes(units=units)
        self.units, self.forget_bias = units, forget_bias

    def build(self, input_shape: tuple) -> None:
        """Make the weights: Glorot-uniform W, zero bias but `forget_bias` for f."""
        check_axes("x", input_shape, self.x_symbols)
        self.input_size = D = input_shape[-1]
        H, bias = self.units, constant_block(3, 1, value=self.forget_bias)
        self.W = self.add_weight(name="W", shape=(D, 3 * H), initializer="glorot_uniform")
        self.b = self.add_weight(name="b", shape=(3 * H,), initializer=bias)

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
        a_i, a_f, n = tf.split(x @ self.W + self.b, 3, axis=-1)
        k = tf.sigmoid(tf.math.log_sigmoid(a_f) - tf.math.log_sigmoid(a_i))  # eq-min-lstm-k
        hs = scan(k, (1 - k) * n, h_0, mask=mask)  # eq-min-lstm-h
        return zero_masked(hs, mask), hs[:, -1]

    def get_config(self) -> dict[str, Any]:
        """Settings from which `from_config` makes the same layer."""
        return {**super().get_config(), "units": self.units, "forget_bias": self.forget_bias}
