"""Zoneout in Keras: units that keep their value at random. Source: `rnnbook.torch.zoneout`."""

from collections.abc import Sequence
from typing import Any, Self

import keras
import tensorflow as tf

from rnnbook._check import check_rate, type_name


@keras.saving.register_keras_serializable(package="rnnbook")
class ZoneoutCell(keras.layers.Layer):
    """Any cell of this package or of Keras whose state is kept, unit by unit, at random.

    In training a unit of h is kept with probability `rate`, one of an LSTM's c with
    `cell_rate`; in evaluation old and new are mixed with these weights. Use it in
    `keras.layers.RNN`, which takes a mask but needs finite inputs at masked steps too; for
    outputs that are zero there, pass it `zero_output_for_mask=True`.

    >>> from rnnbook.tensorflow import GRUCell
    >>> layer = keras.layers.RNN(ZoneoutCell(GRUCell(2), rate=0.1), return_sequences=True)
    >>> layer(tf.ones((1, 5, 3)), training=True).shape
    TensorShape([1, 5, 2])
    """

    def __init__(
        self,
        cell: keras.layers.Layer,
        *,
        rate: float = 0.0,
        cell_rate: float = 0.0,
        **options: Any,
    ):
        if not (hasattr(cell, "units") and hasattr(cell, "state_size")) or hasattr(cell, "cell"):
            raise TypeError(
                f"cell is a {type_name(type(cell))}; expected a cell, such as LSTMCell, or the "
                "`cell` of a layer"
            )
        super().__init__(**{"dtype": cell.dtype_policy, **options})
        check_rate(rate=rate, cell_rate=cell_rate)
        self.cell, self.rates = cell, (rate, cell_rate)
        self.state_size = cell.state_size
        self.output_size = cell.units

    def build(self, input_shape: tuple) -> None:
        """Make the cell's weights."""
        if not self.cell.built:
            self.cell.build(input_shape)

    def call(
        self, x_t: tf.Tensor, states: Sequence[tf.Tensor], training: bool = False
    ) -> tuple[tf.Tensor, list]:
        """One step: inputs (N, D) and states give the output h and the next states."""
        _, new = self.cell(x_t, states)
        mixed = [
            _mix(old, value, rate, training)
            for old, value, rate in zip(states, new, self.rates)  # noqa: B905
        ]
        return mixed[0], mixed

    def params(self) -> Any:
        """The weights of a cell of this package, as its NumPy type."""
        return self.cell.params()

    def load_params(self, params: Any) -> Self:
        """Copy weights into a cell of this package, and return this cell."""
        self.cell.load_params(params)
        return self

    def get_config(self) -> dict[str, Any]:
        """Settings from which `from_config` makes the same cell."""
        rate, cell_rate = self.rates
        cell = keras.saving.serialize_keras_object(self.cell)
        return {**super().get_config(), "cell": cell, "rate": rate, "cell_rate": cell_rate}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A cell with the settings that `get_config` returned."""
        config = dict(config)
        return cls(keras.saving.deserialize_keras_object(config.pop("cell")), **config)


def _mix(old, new, rate, training):
    d = draw_keep(old, rate) if training else rate
    value = d * old + (1 - d) * new  # eq-zoneout
    return value


def draw_keep(like: tf.Tensor, rate: float) -> tf.Tensor:
    """1, keep, with probability `rate`, else 0."""
    return tf.cast(tf.random.uniform(tf.shape(like)) < rate, like.dtype)
