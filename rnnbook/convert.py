"""Move weights between `rnnbook.numpy`, `torch.nn` and Keras, exactly.

What differs: torch stores transposed weights and two biases that are added (except in a GRU,
where the second belongs to the reset product); Keras orders a GRU's gates z, r, h and stacks
its two biases. NumPy -> torch -> NumPy and NumPy -> Keras -> NumPy give back every bit.
torch -> NumPy adds the two biases of an RNN or LSTM, which cannot be told apart again.
"""

import numpy as np

from rnnbook._check import check_choice, type_name
from rnnbook.numpy import gru, lstm, rnn
from rnnbook.numpy.registry import module_of

# What the other side calls the same model, where it has one.
TORCH = {rnn.Params: "RNN", lstm.Params: "LSTM", gru.Params: "GRU"}
KERAS = {
    rnn.Params: "SimpleRNN",
    lstm.Params: "LSTM",
    gru.Params: "GRU",
    gru.BeforeParams: "GRU",
}


def to_torch(params, *, activation: str = "tanh"):
    """A `torch.nn.RNN`, `LSTM` or `GRU` (batch first) with the weights of `params`.

    `params` is one `Params`, or a stack nested as [layer][direction] of one kind and one hidden
    size. Raises `ValueError` where torch.nn has no such model: peepholes, reset before the
    product, mixed kinds or sizes. torch.nn has two biases and training steps both: freeze one
    (`module.bias_hh_l0.requires_grad_(False)`) to train as this package does.

    >>> params = gru.init(np.random.default_rng(0), input_size=3, hidden_size=2)
    >>> to_torch(params)
    GRU(3, 2, batch_first=True)
    """
    import torch

    layers = _nested(params)
    kind, hidden_size, directions = _check_uniform(layers)
    if kind not in TORCH:
        raise ValueError(f"params is a {type_name(kind)}; torch.nn has no such model")
    options = _activation_options(kind, activation, "nonlinearity")
    first = layers[0][0]
    module = getattr(torch.nn, TORCH[kind])(
        len(first.W_x),
        hidden_size,
        num_layers=len(layers),
        bidirectional=directions == 2,
        batch_first=True,
        dtype=getattr(torch, first.W_x.dtype.name),
        **options,
    )
    with torch.no_grad():
        for suffix, p in zip(_torch_suffixes(len(layers), directions), _flat(layers), strict=True):
            b_x, b_h = (p.b_x, p.b_h) if kind is gru.Params else (p.b, np.zeros_like(p.b))
            values = {"weight_ih": p.W_x.T, "weight_hh": p.W_h.T, "bias_ih": b_x, "bias_hh": b_h}
            for name, value in values.items():
                getattr(module, f"{name}_{suffix}").copy_(torch.tensor(value))
    return module


def from_torch(module):
    """The weights of a `torch.nn.RNN`, `LSTM` or `GRU` as `Params`, nested if there are several.

    A module of one layer and one direction gives one `Params`, any other [layer][direction].
    A module without biases gets zeros. `nonlinearity` is not part of `Params`: pass it on
    yourself as `activation`.

    >>> import torch
    >>> from_torch(torch.nn.LSTM(3, 2)).W_x.shape
    (3, 8)
    """
    import torch

    kinds = {getattr(torch.nn, name): kind for kind, name in TORCH.items()}
    kind = kinds.get(type(module))
    if kind is None:
        found = type_name(type(module))
        raise TypeError(f"module is a {found}; expected torch.nn.RNN, LSTM or GRU")
    if module.proj_size:
        raise ValueError(f"module has proj_size {module.proj_size}; expected 0: no projection")
    directions = 2 if module.bidirectional else 1
    flat = [
        _from_torch_weights(module, kind, suffix)
        for suffix in _torch_suffixes(module.num_layers, directions)
    ]
    layers = [flat[i : i + directions] for i in range(0, len(flat), directions)]
    return flat[0] if len(flat) == 1 else layers


def _from_torch_weights(module, kind, suffix):
    def weight(name):
        return getattr(module, f"{name}_{suffix}").detach().cpu().numpy().copy()

    W_x, W_h = (
        np.ascontiguousarray(weight("weight_ih").T),
        np.ascontiguousarray(weight("weight_hh").T),
    )
    if module.bias:
        b_x, b_h = weight("bias_ih"), weight("bias_hh")
    else:
        b_x, b_h = np.zeros((2, W_x.shape[1]), W_x.dtype)
    return gru.Params(W_x, W_h, b_x, b_h) if kind is gru.Params else kind(W_x, W_h, b_x + b_h)


def _torch_suffixes(num_layers, directions):
    return [
        f"l{layer}{'_reverse' if direction else ''}"
        for layer in range(num_layers)
        for direction in range(directions)
    ]


def to_keras(params, *, activation: str = "tanh"):
    """A built Keras layer with the weights of `params`.

    One `Params` gives a `SimpleRNN`, `LSTM` or `GRU` that returns hs and the state; a stack nested
    as [layer][direction] gives a `keras.Sequential` of such layers, in `Bidirectional` where
    there are two directions, that returns hs. The dtype is that of `params`; masked outputs are
    zero. Raises `ValueError` for peepholes, which Keras has not.

    >>> params = lstm.init(np.random.default_rng(0), input_size=3, hidden_size=2)
    >>> to_keras(params).get_weights()[0].shape
    (3, 8)
    """
    import keras

    if not isinstance(params, list):
        return _keras_layer(params, activation, return_state=True)
    first = params[0][0]
    dtype = first.W_x.dtype.name
    model = keras.Sequential([_keras_directions(layer, activation) for layer in params])
    model.dtype_policy = keras.DTypePolicy(dtype)  # else it casts its input to float32
    model.supports_masking = True  # as all its layers do
    model.build((None, None, len(first.W_x)))
    return model


def _keras_directions(layer, activation):
    import keras

    one, *other = [_keras_layer(params, activation, return_state=False) for params in layer]
    if not other:
        return one
    weights = one.get_weights() + other[0].get_weights()
    backward = type(one).from_config({**other[0].get_config(), "go_backwards": True})
    both = keras.layers.Bidirectional(one, backward_layer=backward, dtype=one.dtype)
    both.build((None, None, len(layer[0].W_x)))
    both.set_weights(weights)
    return both


def _keras_layer(params, activation, *, return_state):
    import keras

    module_of(params)
    kind = type(params)
    if kind not in KERAS:
        raise ValueError(f"params is a {type_name(kind)}; Keras has no such model")
    options = _activation_options(kind, activation, "activation")
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


def from_keras(layer):
    """The weights of a Keras `SimpleRNN`, `LSTM` or `GRU` as `Params`.

    A `Bidirectional` gives [[forward, backward]], a `keras.Sequential` of recurrent layers
    [layer][direction]. A layer without bias gets zeros. Raises `ValueError` for a layer that is
    not built, and for activations this package has not.

    >>> params = gru.init(np.random.default_rng(0), input_size=3, hidden_size=2)
    >>> all((a == b).all() for a, b in zip(from_keras(to_keras(params)), params))
    True
    """
    import keras

    if isinstance(layer, keras.Sequential):
        return [_from_keras_directions(one) for one in layer.layers]
    if isinstance(layer, keras.layers.Bidirectional):
        return [_from_keras_directions(layer)]
    return _from_keras_layer(layer)


def _from_keras_directions(layer):
    import keras

    if isinstance(layer, keras.layers.Bidirectional):
        return [_from_keras_layer(layer.forward_layer), _from_keras_layer(layer.backward_layer)]
    return [_from_keras_layer(layer)]


def _from_keras_layer(layer):
    import keras

    if not isinstance(layer, (keras.layers.SimpleRNN, keras.layers.LSTM, keras.layers.GRU)):
        found = type_name(type(layer))
        raise TypeError(f"layer is a {found}; expected Keras SimpleRNN, LSTM or GRU")
    if not layer.built:
        raise ValueError(f"layer {layer.name!r} has no weights yet; call or build it first")
    _check_keras_activations(layer)
    W_x, W_h, *bias = layer.get_weights()
    if isinstance(layer, keras.layers.GRU):
        return _from_keras_gru(layer, W_x, W_h, bias)
    b = bias[0] if bias else np.zeros(W_x.shape[1], W_x.dtype)
    return (lstm if isinstance(layer, keras.layers.LSTM) else rnn).Params(W_x, W_h, b)


def _from_keras_gru(layer, W_x, W_h, bias):
    b = (
        bias[0]
        if bias
        else np.zeros((2, W_x.shape[1]) if layer.reset_after else W_x.shape[1], W_x.dtype)
    )
    W_x, W_h, b = _swap_gates(W_x), _swap_gates(W_h), _swap_gates(b)
    return gru.Params(W_x, W_h, *b) if layer.reset_after else gru.BeforeParams(W_x, W_h, b)


def _check_keras_activations(layer):
    import keras

    allowed = ("tanh", "relu") if isinstance(layer, keras.layers.SimpleRNN) else ("tanh",)
    check_choice("layer.activation", layer.activation.__name__, allowed)
    if hasattr(layer, "recurrent_activation"):
        check_choice(
            "layer.recurrent_activation", layer.recurrent_activation.__name__, ("sigmoid",)
        )


def _swap_gates(weight):
    """Exchange the first two of three gates: r, z, n to Keras's z, r, h and back."""
    first, second, third = np.split(weight, 3, axis=-1)
    return np.concatenate([second, first, third], axis=-1)


def _nested(params):
    return params if isinstance(params, list) else [[params]]


def _flat(layers):
    return [params for layer in layers for params in layer]


def _check_uniform(layers):
    flat = _flat(layers)
    for params in flat:
        module_of(params)
    kind, hidden_size, directions = type(flat[0]), len(flat[0].W_h), len(layers[0])
    for index, layer in enumerate(layers):
        for params in layer:
            if type(params) is not kind or len(params.W_h) != hidden_size:
                raise ValueError(
                    f"layers[{index}] is {type_name(type(params))} with H = {len(params.W_h)}; "
                    f"torch.nn needs {type_name(kind)} with H = {hidden_size} in all layers"
                )
        if len(layer) != directions:
            raise ValueError(f"layers[{index}] has {len(layer)} directions; expected {directions}")
    return kind, hidden_size, directions


def _activation_options(kind, activation, keyword):
    check_choice("activation", activation, ("tanh", "relu"))
    if kind is rnn.Params:
        return {keyword: activation}
    if activation != "tanh":
        raise ValueError(f"activation is {activation!r}; {type_name(kind)} always uses 'tanh'")
    return {}
