"""What the Keras layers with complex states share: LRU and diagonal SSM."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from rnnbook.tensorflow._check import check_known_steps
from rnnbook.tensorflow.layer import Recurrence, prepare


class ComplexRecurrence(Recurrence):
    """A layer with real weights and complex states, of the same precision as the weights.

    Under a mixed policy weights, states and all sums stay in float32 and complex64, and only the
    inputs and outputs are of 16 bits: there are no complex numbers of 16 bits.
    """

    def __init__(self, **options: Any):
        super().__init__(**options)
        self.seeds = keras.random.SeedGenerator()  # keras.utils.set_random_seed rules it
        if self.variable_dtype not in ("float32", "float64"):
            raise TypeError(
                f"dtype is {self.dtype_policy.name}; expected float32, float64 or a mixed policy: "
                "there are no complex states of 16 bits"
            )

    @property
    def output_size(self) -> int:
        """The features of the outputs: those of the inputs."""
        return self.input_size

    @property
    def state_dtype(self) -> tf.DType:
        """complex64 or complex128, as the weights are float32 or float64."""
        return tf.complex128 if self.variable_dtype == "float64" else tf.complex64

    def draw(self, init: Any, *sizes: int, **options: Any) -> None:
        """Make the weights that the NumPy function `init` draws."""
        with tf.init_scope():  # also where the first call is traced
            seed = int(keras.random.randint((), 0, 2**31 - 1, seed=self.seeds))
        params = init(np.random.default_rng(seed), *sizes, **options)
        for name, value in params._asdict().items():
            start = keras.initializers.Constant(value)
            weight = self.add_weight(
                name=name, shape=value.shape, initializer=start, autocast=False
            )
            setattr(self, name, weight)

    def input_size_of(self, params: Any) -> int:
        """D of the weights: the length of the skip."""
        return len(params.skip)

    def wide_inputs(
        self, x: tf.Tensor, mask: tf.Tensor | None
    ) -> tuple[tf.Tensor, tf.Tensor | None]:
        """Inputs in the precision of the weights, zero where masked, and the mask."""
        x, mask = prepare(self, x, self.input_size, mask)
        check_known_steps(self, x)
        return tf.cast(x, self.variable_dtype), mask

    def step(self, x_t: tf.Tensor, state: Any) -> tuple[tf.Tensor, tf.Tensor]:
        """One step: the output (N, D) and the next state, from x_t (N, D) and a state."""
        return self._one_step(x_t, state)


def as_complex(x: tf.Tensor) -> tf.Tensor:
    """x + 0 i. The gradient of this is real; TensorFlow warns about that of a cast.

    >>> as_complex(tf.constant([2.0])).numpy()
    array([2.+0.j], dtype=complex64)
    """
    return tf.complex(x, tf.zeros_like(x))
