"""Activations are what they say at all sizes of numbers, and stated where there is one."""

import keras
import numpy as np
import pytest
import torch
from cells import CELLS, D, H, random_params

from rnnbook import convert
from rnnbook.convert import _keras_checks
from rnnbook.numpy import linear


def plain(activation, **options):
    layer = keras.layers.SimpleRNN(H, activation=activation, **options)
    layer.build((None, None, D))
    return layer


def dense(activation, **options):
    layer = keras.layers.Dense(H, activation=activation, **options)
    layer.build((None, D))
    return layer


ALMOST_RELU = {
    "clipped at 20": lambda a: keras.ops.clip(a, 0, 20),
    "clipped at 1e20": lambda a: keras.ops.clip(a, 0, 1e20),
    "from 0.1 on": lambda a: keras.activations.relu(a, threshold=0.1),
    "slightly leaky": lambda a: keras.activations.relu(a, negative_slope=1e-9),
    "a step": lambda a: a > 0,
    "one number for all": lambda a: keras.ops.max(a),
}


@pytest.mark.parametrize("name", ALMOST_RELU)
def test_what_is_almost_relu_is_refused(name):
    with pytest.raises(ValueError, match=r"activation is '<lambda>'; expected 'relu'"):
        convert.from_keras(plain(ALMOST_RELU[name]), activation="relu")


@pytest.mark.parametrize("bound", [20, 1e20])
def test_a_head_that_is_clipped_is_refused(bound):
    with pytest.raises(ValueError, match=r"activation is '<lambda>'; expected 'linear'"):
        convert.from_keras(dense(lambda a: keras.ops.clip(a, -bound, bound)))


@pytest.mark.parametrize("dtype", ["float32", "float64", "mixed_float16", "mixed_bfloat16"])
def test_what_computes_the_same_is_taken_in_every_dtype(dtype):
    for activation in ("relu", keras.layers.ReLU(dtype=dtype), lambda a: keras.ops.maximum(a, 0)):
        convert.from_keras(plain(activation, dtype=dtype), activation="relu")
    for activation in ("tanh", lambda a: 2 * keras.ops.sigmoid(2 * a) - 1):
        convert.from_keras(plain(activation, dtype=dtype))
    for activation in (None, "linear", lambda a: a + 0):
        convert.from_keras(dense(activation, dtype=dtype))
    for kind in (keras.layers.LSTM, keras.layers.GRU):
        layer = kind(H, dtype=dtype)
        layer.build((None, None, D))
        convert.from_keras(layer)


def test_points_are_finite_and_of_all_sizes():
    sizes = np.abs(_keras_checks.POINTS)
    assert np.isfinite(sizes).all() and sizes.max() > 1e29 and 0 < sizes[sizes > 0].min() < 1e-4


RNG = np.random.default_rng(0)
HEAD, GATED = linear.init(RNG, D, H), random_params(CELLS["gru-after"], RNG)
PLAIN = random_params(CELLS["rnn-tanh"], RNG)
HEADS = [
    (convert.to_torch, HEAD),
    (convert.to_keras, HEAD),
    (convert.from_torch, torch.nn.Linear(D, H)),
    (convert.from_keras, dense(None)),
]
GATES = [
    (convert.to_torch, GATED),
    (convert.to_keras, GATED),
    (convert.from_torch, torch.nn.GRU(D, H)),
    (convert.from_keras, convert.to_keras(GATED)),
]
PLAINS = [
    (convert.to_torch, PLAIN),
    (convert.to_keras, PLAIN),
    (convert.from_torch, torch.nn.RNN(D, H)),
    (convert.from_keras, plain("tanh")),
]


def refused(function, value, activation):
    with pytest.raises(ValueError) as caught:
        function(value, activation=activation)
    return str(caught.value)


@pytest.mark.parametrize("function, value", HEADS + GATES + PLAINS)
def test_an_unknown_activation_is_refused_everywhere(function, value):
    for name in ("Tanh", "nonsense", None):
        expected = f"activation is {name!r}; expected 'tanh' or 'relu'"
        assert refused(function, value, name) == expected
    function(value)


@pytest.mark.parametrize("function, value", HEADS)
def test_a_head_has_no_activation(function, value):
    error = refused(function, value, "relu")
    assert error.startswith("activation is 'relu'; linear.Params has none: leave it out")


@pytest.mark.parametrize("function, value", GATES)
def test_a_gated_cell_has_its_own_activations(function, value):
    error = refused(function, value, "relu")
    assert "gru.Params always uses 'tanh'" in error or "layer.activation is 'tanh'" in error
