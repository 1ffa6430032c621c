"""Weights to and from Keras."""

from typing import TYPE_CHECKING, Any

import numpy as np

from rnnbook._check import check_choice
from rnnbook.convert._common import check_activation, check_own_methods, full_name, nested, require
from rnnbook.convert._keras_checks import (
    base_of,
    cell_type_of,
    check_activations,
    check_direction,
    check_dtype,
    check_known,
    computes,
    function_name,
)
from rnnbook.numpy import gru, linear, lstm, rnn

if TYPE_CHECKING:
    import keras

# What Keras calls the same model, where it has one.
KERAS: dict[type, str] = {
    rnn.Params: "SimpleRNN",
    lstm.Params: "LSTM",
    gru.Params: "GRU",
    gru.BeforeParams: "GRU",
}


def to_keras(params: Any, *, activation: str = "tanh") -> "keras.layers.Layer":
    """A built Keras layer with the weights of `params`.

    One `Params` gives a `SimpleRNN`, `LSTM` or `GRU` that returns hs and the state; a stack nested
    as [layer][direction] gives a `keras.Sequential` of such layers, in `Bidirectional` where
    there are two directions, that returns hs; `linear.Params` give a `Dense`. `activation` is that
    of plain layers. The dtype is that of `params`; masked outputs are zero.

    Raises `ValueError` for peepholes and complex weights, which Keras has not. Warns where Keras
    computes products of float64 in float32, as it does on all backends but TensorFlow (it promotes
    dtypes as JAX does): outputs then agree to 1e-7, not to 1e-15. The weights are the same bits
    there, too.

    >>> params = lstm.init(np.random.default_rng(0), input_size=3, hidden_size=2)
    >>> to_keras(params).get_weights()[0].shape
    (3, 8)
    >>> to_keras(linear.init(np.random.default_rng(0), input_size=2, output_size=4)).units
    4
    """
    keras = require("keras", "to_keras", "keras tensorflow")
    check_choice("activation", activation, ("tanh", "relu"))
    if isinstance(params, linear.Params):
        check_activation([linear.Params], activation)
        return _to_dense(keras, params)
    layers = nested(params, KERAS, "Keras")
    first = layers[0][0]
    check_activation([type(one) for layer in layers for one in layer], activation)
    check_dtype(keras, first.W_x.dtype.name)
    if not isinstance(params, list):
        return _keras_layer(keras, params, activation, return_state=True)
    model = keras.Sequential([_keras_directions(keras, layer, activation) for layer in layers])
    model.dtype_policy = keras.DTypePolicy(first.W_x.dtype.name)  # else it casts x to float32
    model.supports_masking = True  # as all its layers do
    model.build((None, None, len(first.W_x)))
    return model


def _to_dense(keras, params):
    linear.check_params(params)
    check_dtype(keras, params.W.dtype.name)
    layer = keras.layers.Dense(params.W.shape[1], dtype=params.W.dtype.name)
    layer.build((None, len(params.W)))
    layer.set_weights(list(params))
    return layer


def _keras_directions(keras, layer, activation):
    one, *other = [_keras_layer(keras, p, activation, return_state=False) for p in layer]
    if not other:
        return one
    weights = one.get_weights() + other[0].get_weights()
    backward = type(other[0]).from_config({**other[0].get_config(), "go_backwards": True})
    both = keras.layers.Bidirectional(one, backward_layer=backward, dtype=one.dtype)
    both.build((None, None, len(layer[0].W_x)))
    both.set_weights(weights)
    return both


def _keras_layer(keras, params, activation, *, return_state):
    kind = type(params)
    options = {"activation": activation} if kind is rnn.Params else {}
    if KERAS[kind] == "GRU":
        options["reset_after"] = kind is gru.Params
    layer = getattr(keras.layers, KERAS[kind])(
        len(params.W_h),
        return_sequences=True,
        return_state=return_state,
        zero_output_for_mask=True,
        dtype=params.W_x.dtype.name,
        **options,
    )
    layer.build((None, None, len(params.W_x)))
    layer.set_weights(_keras_weights(params))
    return layer


def _keras_weights(params):
    if isinstance(params, gru.Params):
        return [
            _swap_gates(params.W_x),
            _swap_gates(params.W_h),
            _swap_gates(np.stack([params.b_x, params.b_h])),
        ]
    if isinstance(params, gru.BeforeParams):
        return [_swap_gates(weight) for weight in params]
    return list(params)


def from_keras(layer: "keras.layers.Layer", *, activation: str = "tanh") -> Any:
    """The weights of a Keras `SimpleRNN`, `LSTM` or `GRU` as `Params`.

    A `Bidirectional` gives [[forward, backward]], a `keras.Sequential` of recurrent layers
    [layer][direction], a `Dense` without activation `linear.Params`. `keras.layers.RNN` around
    one of Keras's own cells is read, too. A layer without bias gets zeros; float16 and bfloat16
    become float32, exactly.

    The activation of a plain network is not part of its weights. State it, `from_keras(layer,
    activation="relu")`, and pass the same to `rnn.forward` or `stack.forward`; a layer that has
    another one is refused. The state that a `stateful` layer keeps is not part of them either.
    At masked steps this package's outputs are zero; those of Keras repeat the last ones unless
    the layer has `zero_output_for_mask`.

    Raises `TypeError` for a layer that is no such layer or has a `call` of its own, and
    `ValueError` for a layer that is not built, for activations this package has not, for
    `go_backwards` (but in a `Bidirectional`), and for a `merge_mode` other than "concat".

    >>> params = gru.init(np.random.default_rng(0), input_size=3, hidden_size=2)
    >>> all((a == b).all() for a, b in zip(from_keras(to_keras(params)), params))
    True
    """
    keras = require("keras", "from_keras", "keras tensorflow")
    check_choice("activation", activation, ("tanh", "relu"))
    if isinstance(layer, keras.Sequential):
        layers = _from_sequential(keras, layer, activation)
    elif isinstance(layer, keras.layers.Bidirectional):
        layers = [_from_bidirectional(keras, layer, activation)]
    elif isinstance(layer, keras.layers.Dense):
        check_activation([linear.Params], activation)
        return _from_dense(keras, layer)
    else:
        layers = [[_from_layer(keras, layer, activation)]]
    check_activation([type(one) for directions in layers for one in directions], activation)
    nested_types = (keras.Sequential, keras.layers.Bidirectional)
    return layers if isinstance(layer, nested_types) else layers[0][0]


def _from_sequential(keras, model, activation):
    check_own_methods("layer", model, keras.Sequential, ("call",))
    if not model.layers:
        raise ValueError(f"layer {model.name!r} has no layers; expected at least one")
    layers = []
    for index, layer in enumerate(model.layers):
        if isinstance(layer, keras.layers.Bidirectional):
            layers.append(_from_bidirectional(keras, layer, activation))
        elif isinstance(layer, keras.layers.RNN):
            layers.append([_from_layer(keras, layer, activation)])
        else:
            raise TypeError(
                f"layer.layers[{index}] is a {full_name(layer)}; a stack has recurrent layers "
                f"only: convert each by itself, such as from_keras(model.layers[{index}])"
            )
    return layers


def _from_bidirectional(keras, layer, activation):
    check_own_methods("layer", layer, keras.layers.Bidirectional, ("call",))
    check_known(keras, layer, [layer], keras.layers.Bidirectional)
    if layer.merge_mode != "concat":
        raise ValueError(
            f"layer {layer.name!r} has merge_mode={layer.merge_mode!r}; expected 'concat': set "
            "layer.merge_mode = 'concat', convert, and merge the halves yourself, "
            "np.split(hs, 2, axis=-1)"
        )
    forward = _from_layer(keras, layer.forward_layer, activation)
    return [forward, _from_layer(keras, layer.backward_layer, activation, backwards=True)]


def _from_layer(keras, layer, activation, *, backwards=False):
    base = base_of(keras, layer)
    cell_type = cell_type_of(keras, layer)
    check_own_methods("layer", layer, base, ("call", "inner_loop"))
    check_own_methods("layer.cell", layer.cell, cell_type, ("call",))
    check_known(keras, layer, [layer, layer.cell], base)
    if not layer.built:
        raise ValueError(f"layer {layer.name!r} has no weights yet; call or build it first")
    check_activations(keras, layer, activation)
    check_direction(layer, backwards)
    W_x, W_h = _array(keras, layer.cell.kernel), _array(keras, layer.cell.recurrent_kernel)
    b = None if layer.cell.bias is None else _array(keras, layer.cell.bias)
    if isinstance(layer.cell, keras.layers.GRUCell):
        return _gru_params(W_x, W_h, b, layer.cell.reset_after)
    b = np.zeros(W_x.shape[1], W_x.dtype) if b is None else b
    is_lstm = isinstance(layer.cell, keras.layers.LSTMCell)
    return lstm.Params(W_x, W_h, b) if is_lstm else rnn.Params(W_x, W_h, b)


def _gru_params(W_x, W_h, b, reset_after):
    if b is None:
        b = np.zeros((2, W_x.shape[1]) if reset_after else W_x.shape[1], W_x.dtype)
    W_x, W_h, b = _swap_gates(W_x), _swap_gates(W_h), _swap_gates(b)
    return gru.Params(W_x, W_h, *b) if reset_after else gru.BeforeParams(W_x, W_h, b)


def _from_dense(keras, layer):
    check_own_methods("layer", layer, keras.layers.Dense, ("call",))
    check_known(keras, layer, [layer], keras.layers.Dense)
    if not layer.built:
        raise ValueError(f"layer {layer.name!r} has no weights yet; call or build it first")
    if layer.quantization_mode is not None:
        mode = layer.quantization_mode
        raise ValueError(f"layer {layer.name!r} is quantised to {mode}; convert it before that")
    if not computes(keras, layer.activation, "linear"):
        raise ValueError(
            f"layer.activation is {function_name(layer.activation)!r}; expected 'linear': set "
            "layer.activation = keras.activations.linear, convert, and apply it yourself"
        )
    W = _array(keras, layer.kernel)  # with its low-rank update, if it has one
    b = np.zeros(W.shape[1], W.dtype) if layer.bias is None else _array(keras, layer.bias)
    return linear.Params(W, b)


def _array(keras, weight):
    array = np.array(keras.ops.convert_to_numpy(weight))
    # float16 and bfloat16, both of which float32 contains
    return array.astype(np.float32) if array.dtype.itemsize == 2 else array


def _swap_gates(weight):
    """Exchange the first two of three gates: r, z, n to Keras's z, r, h and back."""
    first, second, third = np.split(weight, 3, axis=-1)
    return np.concatenate([second, first, third], axis=-1)
