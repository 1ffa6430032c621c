"""Recurrences that sweep an image in four directions. See `rnnbook.numpy.sweep`."""

from typing import Any, Self

import keras
import tensorflow as tf

from rnnbook._weights_check import check_weights
from rnnbook.numpy.sweep import check_images, check_pairs
from rnnbook.tensorflow._check import check_axes
from rnnbook.tensorflow.stack import Stack


@keras.saving.register_keras_serializable(package="rnnbook")
class Sweep(keras.layers.Layer):
    """Rows from both ends, then columns from both ends: (N, R, C, D) to (N, R, C, 2H).

    `layers` is [[right, left], [down, up]], each as in `Stack`. R, C and D must be known; N may
    vary. The layer computes in the dtype of the first of them, unless told otherwise.

    >>> from rnnbook.tensorflow import GRU
    >>> def layer(): return GRU(2, return_sequences=True, return_state=True)
    >>> sweep = Sweep([[layer(), layer()], [layer(), layer()]])
    >>> sweep(tf.ones((1, 4, 5, 3))).shape
    TensorShape([1, 4, 5, 4])
    """

    def __init__(self, layers: list[list[keras.layers.Layer]], **options: Any):
        check_pairs(layers)
        super().__init__(**{"dtype": layers[0][0].dtype_policy, **options})
        self.rows, self.columns = (Stack([pair], dtype=self.dtype_policy) for pair in layers)

    def build(self, x_shape: tuple) -> None:
        """Make the weights of all layers."""
        check_axes("x", x_shape, "(N, R, C, D)")
        _, R, C, D = x_shape
        if not self.rows.built:
            self.rows.build((None, C, D))
        if not self.columns.built:
            self.columns.build((None, R, self.rows.output_size))

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Outputs (N, R, C, 2H) of images (N, R, C, D); each depends on every pixel."""
        check_images(x)
        if None in tuple(x.shape[1:]):
            raise ValueError(
                f"x has shape {tuple(x.shape)}; expected (N, R, C, D) with R, C and D known: name "
                "them in keras.Input((R, C, D)) or in the input_signature"
            )
        _, R, C, D = x.shape
        rows, _ = self.rows(tf.reshape(x, (-1, C, D)))  # eq-sweep-rows
        H = rows.shape[-1]
        columns = tf.transpose(tf.reshape(rows, (-1, R, C, H)), (0, 2, 1, 3))
        hs, _ = self.columns(tf.reshape(columns, (-1, R, H)))  # eq-sweep-columns
        return tf.transpose(tf.reshape(hs, (-1, C, R, hs.shape[-1])), (0, 2, 1, 3))

    def params(self) -> list:
        """All weights, nested like the layers, as `rnnbook.numpy.sweep` takes them."""
        return self.rows.params() + self.columns.params()

    def load_params(self, params: list) -> Self:
        """Copy weights that are nested like the layers, and return this layer.

        Builds the layer if need be. `TypeError` or `ValueError` for the weights of another model;
        then no weight has changed.
        """
        check_pairs(params)
        if not self.built:
            self.build((None, None, None, self.rows.input_size_of(params[:1])))
        check_weights("params", params, self.params())
        self.rows.load_params(params[:1])
        self.columns.load_params(params[1:])
        return self

    def get_config(self) -> dict[str, Any]:
        """Settings from which `from_config` makes the same layer."""
        layers = [
            [keras.saving.serialize_keras_object(one) for one in stack.layers[0]]
            for stack in (self.rows, self.columns)
        ]
        return {**super().get_config(), "layers": layers}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A layer with the settings that `get_config` returned."""
        config = dict(config)
        layers = config.pop("layers")
        layers = [[keras.saving.deserialize_keras_object(one) for one in ls] for ls in layers]
        return cls(layers, **config)
