"""Recurrences that sweep an image in four directions. See `rnnbook.numpy.sweep`."""

import keras
import tensorflow as tf

from rnnbook.numpy.sweep import check_images, check_pairs
from rnnbook.tensorflow.stack import Stack


@keras.saving.register_keras_serializable(package="rnnbook")
class Sweep(keras.layers.Layer):
    """Rows from both ends, then columns from both ends: (N, R, C, D) to (N, R, C, 2H).

    `layers` is [[right, left], [down, up]]; each has return_sequences=True and
    return_state=True. R, C and D must be known; N may vary.

    >>> from rnnbook.tensorflow import GRU
    >>> def layer(): return GRU(2, return_sequences=True, return_state=True)
    >>> sweep = Sweep([[layer(), layer()], [layer(), layer()]])
    >>> sweep(tf.ones((1, 4, 5, 3))).shape
    TensorShape([1, 4, 5, 4])
    """

    def __init__(self, layers, **options):
        super().__init__(**options)
        check_pairs(layers)
        self.rows, self.columns = (Stack([pair], dtype=self.dtype_policy) for pair in layers)

    def call(self, x):
        """Outputs of images; every output depends on every pixel."""
        check_images(x)
        _, R, C, D = x.shape
        rows, _ = self.rows(tf.reshape(x, (-1, C, D)))  # eq-sweep-rows
        H = rows.shape[-1]
        columns = tf.transpose(tf.reshape(rows, (-1, R, C, H)), (0, 2, 1, 3))
        hs, _ = self.columns(tf.reshape(columns, (-1, R, H)))  # eq-sweep-columns
        return tf.transpose(tf.reshape(hs, (-1, C, R, hs.shape[-1])), (0, 2, 1, 3))

    def get_config(self):
        """Settings from which `from_config` makes the same layer."""
        layers = [
            [keras.saving.serialize_keras_object(one) for one in stack.layers[0]]
            for stack in (self.rows, self.columns)
        ]
        return {**super().get_config(), "layers": layers}

    @classmethod
    def from_config(cls, config):
        """A layer with the settings that `get_config` returned."""
        layers = config.pop("layers")
        layers = [[keras.saving.deserialize_keras_object(one) for one in ls] for ls in layers]
        return cls(layers, **config)
