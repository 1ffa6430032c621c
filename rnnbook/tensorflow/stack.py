"""Several recurrent layers on top of each other, each in one direction or in both."""

from typing import Any, Self

import keras
import tensorflow as tf

from rnnbook._check import check_nested, check_type, type_name
from rnnbook._weights_check import check_weights
from rnnbook.tensorflow._masks import mask_of
from rnnbook.tensorflow.layer import Recurrence, WithParams


@keras.saving.register_keras_serializable(package="rnnbook")
class Stack(keras.layers.Layer):
    """A stack of the layers of this package: `layers` is a list of lists of one or two layers.

    An entry of two is bidirectional: the second layer reads the sequence flipped in time, and
    the outputs are joined along the features. Layers may be of any kind, mixed if you like; a
    `keras.layers.RNN` (ours: RNN, LSTM, GRU, LayerNormLSTM) needs `return_sequences=True` and
    `return_state=True`. The stack computes in the dtype of its first layer, unless told
    otherwise. See `rnnbook.numpy.stack`; for models without states in and out,
    `keras.Sequential` and `keras.layers.Bidirectional` take a `keras.layers.RNN` as well.

    >>> from rnnbook.tensorflow import GRU, MinGRU
    >>> def layer(): return GRU(2, return_sequences=True, return_state=True)
    >>> hs, states = Stack([[layer(), layer()], [MinGRU(3)]])(tf.ones((1, 5, 3)))
    >>> hs.shape, [len(layer) for layer in states]
    (TensorShape([1, 5, 3]), [2, 1])
    """

    def __init__(self, layers: list[list[keras.layers.Layer]], **options: Any):
        _check_layers(layers)
        super().__init__(**{"dtype": layers[0][0].dtype_policy, **options})
        self.layers = [list(layer) for layer in layers]
        self.supports_masking = True

    def build(self, x_shape: tuple) -> None:
        """Make the weights of all layers."""
        *others, size = x_shape
        for layer in self.layers:
            for one in layer:
                if not one.built:
                    one.build((*others, size))
            size = sum(map(_output_size, layer))
        self.output_size = size

    def compute_mask(self, inputs: Any, previous_mask: Any) -> tuple:
        """The outputs keep the mask of the inputs; the states have none."""
        return previous_mask, None

    def call(
        self, x: tf.Tensor, states: list | None = None, mask: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, list]:
        """Top outputs (N, T, H or 2H) and the last states, nested like the layers.

        The state of a `keras.layers.RNN` is the list [h] or [h, c], that of another layer what
        the layer takes and returns.
        """
        mask = mask_of(x, mask)
        _check_states(self.layers, states)
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

    def params(self) -> list:
        """All weights, as a stack of `rnnbook.numpy.stack`."""
        return [[one.params() for one in layer] for layer in _with_params(self.layers)]

    def load_params(self, params: list) -> Self:
        """Copy the weights of a stack of `rnnbook.numpy.stack`, and return this stack.

        Builds the stack if need be. `TypeError` or `ValueError` for the weights of another stack;
        then no weight has changed.
        """
        check_nested("params", params, self.layers)
        if not self.built:
            symbols = getattr(self.layers[0][0], "x_symbols", "(N, T, D)")
            self.build((None,) * symbols.count(",") + (self.input_size_of(params),))
        check_weights("params", params, self.params())
        for layer, entry in zip(_with_params(self.layers), params, strict=True):
            for one, weights in zip(layer, entry, strict=True):
                one.load_params(weights)
        return self

    def input_size_of(self, params: list) -> int:
        """D of the weights of this stack."""
        first = _owner("layers[0][0]", self.layers[0][0])
        check_type("params[0][0]", params[0][0], (first.params_type,))
        return first.input_size_of(params[0][0])

    def get_config(self) -> dict[str, Any]:
        """Settings from which `from_config` makes the same stack."""
        layers = [[keras.saving.serialize_keras_object(one) for one in ls] for ls in self.layers]
        return {**super().get_config(), "layers": layers}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A stack with the settings that `get_config` returned."""
        config = dict(config)
        layers = config.pop("layers")
        layers = [[keras.saving.deserialize_keras_object(one) for one in ls] for ls in layers]
        return cls(layers, **config)


def _output_size(layer):
    if isinstance(layer, Recurrence):
        return layer.output_size
    return getattr(layer.cell, "output_size", None) or layer.state_size[0]


def _run(layer, x, state, mask, reverse):
    if reverse:
        x, mask = tf.reverse(x, [1]), None if mask is None else tf.reverse(mask, [1])
    if isinstance(layer, Recurrence):
        hs, state = layer(x, initial_state=state, mask=mask)
    else:
        hs, *state = layer(x, initial_state=state, mask=mask)
    return (tf.reverse(hs, [1]) if reverse else hs), state


def _with_params(layers):
    """What has the weights of each layer: the layer, or the cell of a `keras.layers.RNN`."""
    found = []
    for index, layer in enumerate(layers):
        found.append([_owner(f"layers[{index}][{k}]", one) for k, one in enumerate(layer)])
    return found


def _owner(name, layer):
    owner = layer
    while owner is not None and not isinstance(owner, WithParams):
        owner = getattr(owner, "cell", None)
    if owner is None:
        raise TypeError(
            f"{name} is a {type_name(type(layer))} of Keras, whose weights this package doesn't "
            f"name: rnnbook.convert.from_keras(stack.{name}) gives them"
        )
    return owner


def _check_layers(layers):
    if not layers:
        raise ValueError("layers is empty; expected at least one layer")
    for index, layer in enumerate(layers):
        if not isinstance(layer, list | tuple) or len(layer) not in (1, 2):
            found = (
                f"has {len(layer)} directions"
                if isinstance(layer, list | tuple)
                else (f"is a {type_name(type(layer))}")
            )
            raise ValueError(f"layers[{index}] {found}; expected a list of 1 or 2 layers")
        for direction, one in enumerate(layer):
            _check_layer(f"layers[{index}][{direction}]", one)


def _check_layer(name, layer):
    if isinstance(layer, Recurrence):
        return
    if not isinstance(layer, keras.layers.RNN):
        raise TypeError(
            f"{name} is a {type_name(type(layer))}; expected a recurrent layer of "
            "rnnbook.tensorflow or a keras.layers.RNN"
        )
    if not (layer.return_sequences and layer.return_state):
        raise ValueError(f"{name} must have return_sequences=True and return_state=True")
    if layer.go_backwards:
        raise ValueError(
            f"{name} has go_backwards=True; expected False: the second layer of a pair is given "
            "the sequence flipped"
        )


def _check_states(layers, states):
    if states is not None:
        check_nested("states", states, layers)
