"""Dropout with one mask for all steps, in Keras. Source: `rnnbook.torch.variational_dropout`."""

import keras
import tensorflow as tf

from rnnbook._check import check_rate
from rnnbook.tensorflow.gru import GRU
from rnnbook.tensorflow.layer import check_inputs


@keras.saving.register_keras_serializable(package="rnnbook")
class VariationalDropout(keras.layers.Layer):
    """A layer of this package (RNN or LSTM) with dropout of inputs and of the state it reads.

    Returns all outputs (N, T, H). Steps are unrolled. Rates and rules are those of
    `rnnbook.torch.VariationalDropout`. (Keras's own layers have `dropout` and
    `recurrent_dropout`, which also draw one mask a sequence.)

    >>> from rnnbook.tensorflow import LSTM
    >>> layer = VariationalDropout(LSTM(2), input_rate=0.2, state_rate=0.2)
    >>> layer(tf.ones((1, 5, 3)), training=True).shape
    TensorShape([1, 5, 2])
    """

    def __init__(self, layer, *, input_rate=0.0, state_rate=0.0, **options):
        super().__init__(**{"dtype": layer.dtype_policy, **options})
        if isinstance(layer, GRU):
            raise TypeError("layer is a GRU; expected an RNN or LSTM of rnnbook.tensorflow")
        check_rate(input_rate=input_rate, state_rate=state_rate)
        self.layer, self.input_rate, self.state_rate = layer, input_rate, state_rate
        self.supports_masking = True

    def build(self, input_shape):
        """Make the layer's weights."""
        if not self.layer.built:
            self.layer.build(input_shape)

    def call(self, x, mask=None, training=False):
        """Outputs (N, T, H) from x (N, T, D), a mask (N, T); zero at masked steps."""
        check_inputs(self.layer, x, None, mask)
        if mask is not None:
            x = tf.where(mask[..., None], x, tf.zeros_like(x))
        zeros = tf.zeros((tf.shape(x)[0], self.layer.units), x.dtype)
        states = [zeros for _ in keras.tree.flatten(self.layer.cell.state_size)]
        m_x = draw_mask(x[:, 0], self.input_rate if training else 0.0)
        m_h = draw_mask(states[0], self.state_rate if training else 0.0)
        x = m_x[:, None] * x  # eq-variational-x
        hs = []
        for t in range(x.shape[1]):
            h_read = m_h * states[0]  # eq-variational-h
            h_new, new = self.layer.cell(x[:, t], [h_read, *states[1:]])
            if mask is not None:
                mask_t = mask[:, t, None]
                new = [tf.where(mask_t, a, b) for a, b in zip(new, states, strict=True)]
                h_new = tf.where(mask_t, h_new, tf.zeros_like(h_new))
            states = new
            hs.append(h_new)
        return tf.stack(hs, axis=1)

    def get_config(self):
        """Settings from which `from_config` makes the same layer."""
        rates = {"input_rate": self.input_rate, "state_rate": self.state_rate}
        layer = keras.saving.serialize_keras_object(self.layer)
        return {**super().get_config(), **rates, "layer": layer}

    @classmethod
    def from_config(cls, config):
        """A layer with the settings that `get_config` returned."""
        return cls(keras.saving.deserialize_keras_object(config.pop("layer")), **config)


def draw_mask(like, rate):
    """0 with probability `rate`, else 1 / (1 - rate): a mask whose mean is 1."""
    return tf.cast(tf.random.uniform(tf.shape(like)) >= rate, like.dtype) / (1 - rate)
