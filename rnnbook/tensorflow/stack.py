"""Several recurrent layers on top of each other, each in one direction or in both."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="rnnbook")
class Stack(keras.layers.Layer):
    """A stack of the layers of this package: `layers` is a list of lists of one or two layers.

    An entry of two is bidirectional: the second layer reads the sequence flipped in time, and
    the outputs are joined along the features. Every layer needs `return_sequences=True` and
    `return_state=True`. See `rnnbook.numpy.stack`; for models without states in and out,
    `keras.Sequential` and `keras.layers.Bidirectional` take these layers as well.

    >>> from rnnbook.tensorflow import GRU
    >>> def layer(): return GRU(2, return_sequences=True, return_state=True)
    >>> hs, states = Stack([[layer(), layer()], [layer()]])(tf.ones((1, 5, 3)))
    >>> hs.shape, [len(layer) for layer in states]
    (TensorShape([1, 5, 2]), [2, 1])
    """

    def __init__(self, layers, **options):
        super().__init__(**options)
        for index, layer in enumerate(layers):
            if len(layer) not in (1, 2):
                raise ValueError(f"layers[{index}] has {len(layer)} directions; expected 1 or 2")
            if not all(one.return_sequences and one.return_state for one in layer):
                raise ValueError(
                    f"layers[{index}] must have return_sequences=True and return_state=True"
                )
        self.layers = [list(layer) for layer in layers]

    def call(self, x, states=None, mask=None):
        """Top outputs (N, T, H or 2H) and the last states, nested like the layers."""
        last_states = []
        for index, layer in enumerate(self.layers):
            outputs, layer_states = [], []
            for direction, one in enumerate(layer):
                state = None if states is None else states[index][direction]
                hs, state = _run(one, x, state, mask, reverse=direction == 1)
                outputs.append(hs)
                layer_states.append(state)
            x = tf.concat(outputs, axis=-1)
            last_states.append(layer_states)
        return x, last_states

    def get_config(self):
        """Settings from which `from_config` makes the same stack."""
        layers = [[keras.saving.serialize_keras_object(one) for one in ls] for ls in self.layers]
        return {**super().get_config(), "layers": layers}

    @classmethod
    def from_config(cls, config):
        """A stack with the settings that `get_config` returned."""
        layers = config.pop("layers")
        layers = [[keras.saving.deserialize_keras_object(one) for one in ls] for ls in layers]
        return cls(layers, **config)


def _run(layer, x, state, mask, reverse):
    if reverse:
        x, mask = tf.reverse(x, [1]), None if mask is None else tf.reverse(mask, [1])
    hs, *state = layer(x, initial_state=state, mask=mask)
    return (tf.reverse(hs, [1]) if reverse else hs), state
