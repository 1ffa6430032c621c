"""Convolutional LSTM in Keras. Symbols and sources: `rnnbook.numpy.conv_lstm`."""

from typing import Any

import keras
import tensorflow as tf

from rnnbook._check import check_sizes, type_name
from rnnbook.numpy import conv_lstm
from rnnbook.tensorflow._check import check_axes, check_known_steps
from rnnbook.tensorflow._masks import select
from rnnbook.tensorflow.layer import (
    Recurrence,
    constant_block,
    first_state,
    orthogonal_blocks,
    prepare,
)


@keras.saving.register_keras_serializable(package="rnnbook")
class ConvLSTM(Recurrence):
    """ConvLSTM with W_x (k, k, D, 4H), W_h (k, k, H, 4H), b (4H,), gates i, f, g, o.

    Its weights are those of `keras.layers.ConvLSTM2D` with `padding="same"`, in the same order.
    At first W_x is Glorot-uniform, W_h zero but for an orthogonal matrix for each gate at its
    centre, and b zero but for f, where it is `forget_bias`. `keras.layers.Masking` makes a mask of
    pixels here, which is refused: pass `mask` (N, T).

    >>> hs, (h, c) = ConvLSTM(3)(tf.ones((1, 6, 5, 4, 2)))
    >>> hs.shape, c.shape
    (TensorShape([1, 6, 5, 4, 3]), TensorShape([1, 5, 4, 3]))
    """

    params_type = conv_lstm.Params
    x_symbols = "(N, T, R, C, D)"

    def __init__(
        self, units: int, *, kernel_size: int = 3, forget_bias: float = 1.0, **options: Any
    ):
        super().__init__(**options)
        check_sizes(units=units, kernel_size=kernel_size)
        if kernel_size % 2 == 0:
            raise ValueError(f"kernel_size is {kernel_size}; expected an odd number")
        self.units, self.kernel_size, self.forget_bias = units, kernel_size, forget_bias

    def build(self, input_shape: tuple) -> None:
        """Make the weights: Glorot-uniform W_x, orthogonal gates at the centre of W_h."""
        check_axes("x", input_shape, self.x_symbols)
        self.input_size = D = input_shape[-1]
        k, H, bias = self.kernel_size, self.units, constant_block(4, 1, value=self.forget_bias)
        self.W_x = self.add_weight(name="W_x", shape=(k, k, D, 4 * H), initializer=_glorot)
        self.W_h = self.add_weight(name="W_h", shape=(k, k, H, 4 * H), initializer=_centre)
        self.b = self.add_weight(name="b", shape=(4 * H,), initializer=bias)

    def call(
        self, x: tf.Tensor, initial_state: Any = None, mask: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tuple[tf.Tensor, tf.Tensor]]:
        """Outputs (N, T, R, C, H) and the last (h, c), from x (N, T, R, C, D) and the first.

        h and c are (N, R, C, H), the mask (N, T). T must be known when a function is traced.
        """
        x, mask = prepare(self, x, self.input_size, mask)
        check_known_steps(self, x)
        h, c = self._first_states(x, initial_state)
        hs = []
        for t in range(x.shape[1]):
            h_new, c_new = _cell(self, _input_product(self, x[:, t]), h, c)
            mask_t = None if mask is None else mask[:, t]
            h, c = select(mask_t, h_new, h), select(mask_t, c_new, c)
            hs.append(select(mask_t, h_new, 0))
        return tf.stack(hs, axis=1), (h, c)

    def _first_states(self, x, state):
        if state is None:
            zeros = tf.zeros((*tf.unstack(tf.shape(x[:, 0, ..., 0])), self.units), x.dtype)
            return zeros, zeros
        if not (isinstance(state, list | tuple) and len(state) == 2):
            raise TypeError(
                f"initial_state is a {type_name(type(state))}; expected the pair (h, c)"
            )
        sizes = (*x.shape[2:4], self.units)
        return [
            first_state(x, value, "(N, R, C, H)", sizes, x.dtype, f"initial_state's {name}")
            for name, value in zip(("h", "c"), state, strict=True)
        ]

    def get_config(self) -> dict[str, Any]:
        """Settings from which `from_config` makes the same layer."""
        names = ("units", "kernel_size", "forget_bias")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _glorot(shape, dtype=None):
    k, _, D, K = shape
    return tf.reshape(keras.initializers.GlorotUniform()((k * k * D, K), dtype), shape)


def _centre(shape, dtype=None):
    k, _, H, K = shape
    matrices = orthogonal_blocks((H, K), dtype)
    place = tf.reshape(tf.one_hot(k * k // 2, k * k, dtype=matrices.dtype), (k, k, 1, 1))
    return place * matrices


def convolve(x: tf.Tensor, W: tf.Tensor) -> tf.Tensor:
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
