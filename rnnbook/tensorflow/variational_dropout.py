"""Dropout with one mask for all steps, in Keras. Source: `rnnbook.torch.variational_dropout`."""

from typing import Any, Self

import keras
import tensorflow as tf

from rnnbook._check import check_rate, type_name
from rnnbook.tensorflow._check import check_known_steps
from rnnbook.tensorflow._masks import select
from rnnbook.tensorflow.gru import GRU
from rnnbook.tensorflow.layer import Layer, check_states, prepare


@keras.saving.register_keras_serializable(package="rnnbook")
class VariationalDropout(keras.layers.Layer):
    """An RNN, LSTM or LayerNormLSTM with dropout of inputs and of the state it reads.

    Returns all outputs (N, T, H). Steps are unrolled, so T must be known when a function is
    traced. Rates and rules are those of `rnnbook.torch.VariationalDropout`. (Keras's own layers
    have `dropout` and `recurrent_dropout`, which also draw one mask a sequence.)

    >>> from rnnbook.tensorflow import LSTM
    >>> layer = VariationalDropout(LSTM(2), input_rate=0.2, state_rate=0.2)
    >>> layer(tf.ones((1, 5, 3)), training=True).shape
    TensorShape([1, 5, 2])
    """

    x_symbols = "(N, T, D)"

    def __init__(
        self, layer: Layer, *, input_rate: float = 0.0, state_rate: float = 0.0, **options: Any
    ):
        if not isinstance(layer, Layer) or isinstance(layer, GRU):
            raise TypeError(
                f"layer is a {type_name(type(layer))}; "
                "expected an RNN, LSTM or LayerNormLSTM of rnnbook.tensorflow"
            )
        for name in ("go_backwards", "stateful"):
            if getattr(layer, name):
                raise ValueError(f"layer has {name}=True; expected False")
        super().__init__(**{"dtype": layer.dtype_policy, **options})
        check_rate(input_rate=input_rate, state_rate=state_rate)
        self.layer, self.input_rate, self.state_rate = layer, input_rate, state_rate
        self.supports_masking = True

    def build(self, input_shape: tuple) -> None:
        """Make the layer's weights."""
        if not self.layer.built:
            self.layer.build(input_shape)

    def call(
        self,
        x: tf.Tensor,
        initial_state: Any = None,
        mask: tf.Tensor | None = None,
        training: bool = False,
    ) -> tf.Tensor:
        """Outputs (N, T, H) from x (N, T, D), a mask (N, T); zero at masked steps."""
        x, mask = prepare(self, x, self.layer.cell.input_size, mask)
        check_known_steps(self, x)
        states = check_states(self.layer, x, initial_state)
        m_x = draw_mask(x[:, 0], self.input_rate if training else 0.0)
        m_h = draw_mask(states[0], self.state_rate if training else 0.0)
        x = m_x[:, None] * x  # eq-variational-x
        hs = []
        for t in range(x.shape[1]):
            h_read = m_h * states[0]  # eq-variational-h
            h_new, new = self.layer.cell(x[:, t], [h_read, *states[1:]])
            mask_t = None if mask is None else mask[:, t]
            states = [select(mask_t, a, b) for a, b in zip(new, states, strict=True)]
            hs.append(select(mask_t, h_new, 0))
        return tf.stack(hs, axis=1)

    def params(self) -> Any:
        """The weights of the layer, as its NumPy type."""
        return self.layer.params()

    def load_params(self, params: Any) -> Self:
        """Copy weights into the layer, and return this layer."""
        self.layer.load_params(params)
        return self

    def get_config(self) -> dict[str, Any]:
        """Settings from which `from_config` makes the same layer."""
        rates = {"input_rate": self.input_rate, "state_rate": self.state_rate}
        layer = keras.saving.serialize_keras_object(self.layer)
        return {**super().get_config(), **rates, "layer": layer}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A layer with the settings that `get_config` returned."""
        config = dict(config)
        return cls(keras.saving.deserialize_keras_object(config.pop("layer")), **config)


def draw_mask(like: tf.Tensor, rate: float) -> tf.Tensor:
    """0 with probability `rate`, else 1 / (1 - rate): a mask whose mean is 1."""
    return tf.cast(tf.random.uniform(tf.shape(like)) >= rate, like.dtype) / (1 - rate)
