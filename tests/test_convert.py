"""Weights between NumPy, torch.nn and Keras: exact round trips, same outputs, clear refusals."""

import keras
import numpy as np
import pytest
import torch
from cells import CELLS, IN_KERAS, IN_TORCH_NN, D, H, N, T, random_layers, random_params

from rnnbook import convert
from rnnbook.gradcheck import max_error
from rnnbook.numpy import gru, linear, lstm, min_gru, rnn, stack
from rnnbook.tree import leaves

SHAPES = [(1, 1), (2, 1), (1, 2), (3, 2)]


def layers_of(name, num_layers, directions, dtype="float64"):
    return random_layers(CELLS[name], np.random.default_rng(0), num_layers, directions, dtype)


def assert_same_bits(got, expected):
    assert [type(p) for entry in got for p in entry] == [type(p) for e in expected for p in e]
    for a, b in zip(leaves(got), leaves(expected), strict=True):
        assert a.dtype == b.dtype
        assert (a == b).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("num_layers, directions", SHAPES)
@pytest.mark.parametrize("name", IN_TORCH_NN)
def test_torch_round_trip_is_exact(name, num_layers, directions, dtype):
    layers = layers_of(name, num_layers, directions, dtype)
    module = convert.to_torch(layers, activation=CELLS[name].activation)
    back = convert.from_torch(module, activation=CELLS[name].activation)
    assert_same_bits(back if isinstance(back, list) else [[back]], layers)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("num_layers, directions", SHAPES)
@pytest.mark.parametrize("name", IN_KERAS)
def test_keras_round_trip_is_exact(name, num_layers, directions, dtype):
    layers = layers_of(name, num_layers, directions, dtype)
    model = convert.to_keras(layers, activation=CELLS[name].activation)
    assert_same_bits(convert.from_keras(model, activation=CELLS[name].activation), layers)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("num_layers, directions", SHAPES)
@pytest.mark.parametrize("name", IN_KERAS)
def test_keras_model_computes_the_same(name, num_layers, directions, masked):
    layers, rng = layers_of(name, num_layers, directions), np.random.default_rng(1)
    activation = CELLS[name].activation
    x = rng.standard_normal((N, T, D))
    mask = rng.random((N, T)) < 0.6 if masked else None
    hs, _, _ = stack.forward(layers, x, mask=mask, activation=activation)
    model = convert.to_keras(layers, activation=activation)
    assert max_error(np.asarray(model(x, mask=mask)), hs) < 1e-10


def test_single_params_give_a_layer_with_states():
    params = random_params(CELLS["lstm"], np.random.default_rng(0))
    x = np.ones((N, T, D))
    hs, h, c = convert.to_keras(params)(x)
    expected, state, _ = lstm.forward(params, x)
    assert max_error([np.asarray(v) for v in (hs, h, c)], [expected, *state]) < 1e-12
    hs, (h, c) = convert.to_torch(params)(torch.tensor(x))
    got = [v.detach().numpy() for v in (hs, h[0], c[0])]
    assert max_error(got, [expected, *state]) < 1e-12


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_from_torch_reads_what_torch_initialised(kind):
    torch.manual_seed(0)
    module = getattr(torch.nn, kind)(D, H, num_layers=2, bidirectional=True, batch_first=True)
    x = np.random.default_rng(0).standard_normal((N, T, D)).astype("float32")
    hs, _, _ = stack.forward(convert.from_torch(module), x)
    assert max_error(module(torch.tensor(x))[0].detach().numpy(), hs) < 1e-6


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])
def test_from_keras_reads_what_keras_initialised(kind, bias):
    layer = getattr(keras.layers, kind)(H, use_bias=bias, return_sequences=True)
    x = np.random.default_rng(0).standard_normal((N, T, D)).astype("float32")
    expected = np.asarray(layer(x))
    hs, _, _ = stack.forward([[convert.from_keras(layer)]], x)
    assert max_error(hs, expected) < 1e-6


def test_torch_without_bias():
    module = torch.nn.GRU(D, H, bias=False, batch_first=True)
    params = convert.from_torch(module)
    assert not params.b_x.any() and not params.b_h.any()
    x = np.ones((N, T, D), "float32")
    hs, _, _ = gru.forward(params, x)
    assert max_error(module(torch.tensor(x))[0].detach().numpy(), hs) < 1e-6


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_linear_head_goes_both_ways_exactly(dtype):
    rng = np.random.default_rng(0)
    head = linear.Params(*(rng.standard_normal(s).astype(dtype) for s in [(H, D), (D,)]))
    x = rng.standard_normal((N, T, H)).astype(dtype)
    y, _ = linear.forward(head, x)
    module, layer = convert.to_torch(head), convert.to_keras(head)
    tolerance = 1e-6 if dtype == "float32" else 1e-14
    assert max_error(module(torch.tensor(x)).detach().numpy(), y) < tolerance
    assert max_error(np.asarray(layer(x)), y) < tolerance
    for back in (convert.from_torch(module), convert.from_keras(layer)):
        assert type(back) is linear.Params
        assert_same_bits([[back]], [[head]])


def test_a_head_with_an_activation_is_refused_and_its_remedy_gives_its_outputs():
    layer = keras.layers.Dense(H, activation="softmax", dtype="float64")
    x = np.random.default_rng(0).standard_normal((N, D))
    expected = np.asarray(layer(x))
    with pytest.raises(ValueError, match=r"layer.activation is 'softmax'; expected 'linear': set"):
        convert.from_keras(layer)
    layer.activation = keras.activations.linear
    scores = np.exp(linear.forward(convert.from_keras(layer), x)[0])
    assert max_error(scores / scores.sum(axis=-1, keepdims=True), expected) < 1e-12
    with pytest.raises(ValueError, match=r"has no weights yet; call or build it first"):
        convert.from_keras(keras.layers.Dense(2))


def test_what_the_other_side_has_not():
    rng = np.random.default_rng(0)
    peephole, before = (random_params(CELLS[n], rng) for n in ("lstm-peephole", "gru-before"))
    with pytest.raises(ValueError, match=r"lstm.PeepholeParams; torch.nn has no such model"):
        convert.to_torch(peephole)
    with pytest.raises(ValueError, match=r"gru.BeforeParams; torch.nn has no such model"):
        convert.to_torch(before)
    with pytest.raises(ValueError, match=r"lstm.PeepholeParams; Keras has no such model"):
        convert.to_keras(peephole)


def test_complex_weights_go_to_torch_and_are_refused_by_keras():
    rng = np.random.default_rng(0)
    real = random_params(CELLS["lstm"], rng)
    params = lstm.Params(*(w + 0.1j * rng.standard_normal(w.shape) for w in real))
    x = rng.standard_normal((N, T, D)) + 0j
    hs, _, _ = lstm.forward(params, x)
    module = convert.to_torch(params)
    assert max_error(module(torch.tensor(x))[0].detach().numpy(), hs) < 1e-12
    assert_same_bits([[convert.from_torch(module)]], [[params]])
    with pytest.raises(ValueError, match=r"params have dtype complex128; Keras has float32 and"):
        convert.to_keras(params)


def test_errors():
    rng = np.random.default_rng(0)
    params = lstm.init(rng, D, H)
    with pytest.raises(ValueError, match=r"activation is 'relu'; lstm.Params always uses 'tanh'"):
        convert.to_torch(params, activation="relu")
    with pytest.raises(ValueError, match=r"activation is 'sine'; expected 'tanh' or 'relu'"):
        convert.to_keras(rnn.init(rng, D, H), activation="sine")
    mixed = [[rnn.init(rng, D, H)], [rnn.init(rng, H, H + 1)]]
    with pytest.raises(ValueError, match=r"layers\[1\] is a rnn.Params with H = 5; torch.nn needs"):
        convert.to_torch(mixed)
    for to in (convert.to_torch, convert.to_keras):
        with pytest.raises(TypeError, match=r"params is a dict; expected Params of .* or linear"):
            to({"W": np.ones(3)})
        with pytest.raises(ValueError, match=r"params is a min_gru.Params; .* has no such model"):
            to(min_gru.init(rng, D, H))
    uneven = [[rnn.init(rng, D, H)] * 2, [rnn.init(rng, 2 * H, H)]]
    with pytest.raises(ValueError, match=r"layers\[1\] has 1 directions; expected 2"):
        convert.to_torch(uneven)
    with pytest.raises(TypeError, match=r"module is a torch.nn.modules.conv.Conv1d; expected"):
        convert.from_torch(torch.nn.Conv1d(2, 2, 1))
    with pytest.raises(ValueError, match=r"module has proj_size 2; expected 0"):
        convert.from_torch(torch.nn.LSTM(D, H, proj_size=2))
    with pytest.raises(TypeError, match=r"layer is a keras.*Dropout; expected Keras Simple"):
        convert.from_keras(keras.layers.Dropout(0.5))
    with pytest.raises(ValueError, match=r"has no weights yet; call or build it first"):
        convert.from_keras(keras.layers.LSTM(2))
    layer = keras.layers.LSTM(2, activation="relu")
    layer.build((None, None, 3))
    with pytest.raises(ValueError, match=r"layer.activation is 'relu'; expected 'tanh'"):
        convert.from_keras(layer)
