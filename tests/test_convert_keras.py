"""Keras models of several layers, layers of one's own, other backends, and what is missing."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import torch
from cells import CELLS, D, H, N, T, random_params
from test_convert import assert_same_bits

import rnnbook.tensorflow
from rnnbook import convert
from rnnbook.gradcheck import max_error
from rnnbook.numpy import gru, linear, stack


def test_an_activation_in_a_mixed_stack_is_that_of_its_plain_layers():
    rng = np.random.default_rng(0)
    layers = [[random_params(CELLS["lstm"], rng)], [random_params(CELLS["rnn-relu"], rng, H, 3)]]
    x = rng.standard_normal((N, T, D))
    hs, _, _ = stack.forward(layers, x, activation="relu")
    model = convert.to_keras(layers, activation="relu")
    assert max_error(np.asarray(model(x)), hs) < 1e-12
    assert_same_bits(convert.from_keras(model, activation="relu"), layers)
    with pytest.raises(ValueError, match=r"layer.activation is 'relu'; expected 'tanh': write"):
        convert.from_keras(model)


def twice_tanh(a):
    return 2 * keras.ops.tanh(a)


def test_an_activation_is_known_by_its_values_not_its_name():
    def layer_with(activation):
        layer = keras.layers.SimpleRNN(H, activation=activation)
        layer.build((None, None, D))
        return layer

    twice_tanh.__name__ = "tanh"
    with pytest.raises(ValueError, match=r"activation is 'test_convert_keras.tanh'; exp"):
        convert.from_keras(layer_with(twice_tanh))
    with pytest.raises(ValueError, match=r"activation is '<lambda>'; expected 'relu'"):
        convert.from_keras(
            layer_with(lambda a: keras.activations.relu(a, max_value=6)), activation="relu"
        )
    convert.from_keras(layer_with(lambda a: keras.ops.tanh(a)))
    convert.from_keras(layer_with(keras.layers.ReLU()), activation="relu")


class Louder(keras.layers.LSTM):
    def call(self, sequences, **options):
        return 2 * super().call(sequences, **options)


def test_keras_layers_that_compute_something_else_are_refused():
    layer = Louder(H)
    layer.build((None, None, D))
    with pytest.raises(TypeError, match=r"layer is a test_convert_keras.Louder with a `call`"):
        convert.from_keras(layer)
    layer = rnnbook.tensorflow.LSTM(H)
    layer.build((None, None, D))
    with pytest.raises(TypeError, match=r"layer is a rnnbook.tensorflow.*: layer.params\(\) has"):
        convert.from_keras(layer)
    cells = keras.layers.RNN([keras.layers.LSTMCell(H), keras.layers.LSTMCell(H)])
    with pytest.raises(TypeError, match=r"around a keras.*StackedRNNCells; expected Keras Simp"):
        convert.from_keras(cells)
    with pytest.raises(TypeError, match=r"layer is a torch.nn.modules.rnn.LSTM; .*: use convert.f"):
        convert.from_keras(torch.nn.LSTM(D, H))
    with pytest.raises(TypeError, match=r"module is a keras.*LSTM; .*: use convert.from_keras"):
        convert.from_torch(keras.layers.LSTM(H))


def test_a_sequential_model_with_a_head_is_converted_layer_by_layer():
    x = np.random.default_rng(0).standard_normal((N, T, D))
    options = {"dtype": "float64"}
    layers = [keras.layers.GRU(H, **options), keras.layers.Dense(3, **options)]
    model = keras.Sequential(layers)
    model.dtype_policy = keras.DTypePolicy("float64")
    expected = np.asarray(model(x))
    with pytest.raises(TypeError, match=r"layer.layers\[1\] is a keras.*Dense; .*from_keras\("):
        convert.from_keras(model)
    reader, head = map(convert.from_keras, model.layers)
    hs, _, _ = gru.forward(reader, x)
    assert max_error(linear.forward(head, hs[:, -1])[0], expected) < 1e-12
    with pytest.raises(ValueError, match=r"has no layers; expected at least one"):
        convert.from_keras(keras.Sequential(name="empty"))
    sequence = keras.Input((None, D))
    functional = keras.Model(sequence, keras.layers.LSTM(H)(sequence))
    with pytest.raises(TypeError, match=r"Functional; .*: convert its layers one by one"):
        convert.from_keras(functional)


@pytest.mark.parametrize("dtype", ["float16", "mixed_float16"])
def test_half_precision_in_keras_becomes_float32_exactly(dtype):
    layer = keras.layers.LSTM(H, dtype=dtype, recurrent_initializer="glorot_uniform")
    layer.build((None, None, D))
    params = convert.from_keras(layer)
    assert {w.dtype.name for w in params} == {"float32"}
    assert all((a == b).all() for a, b in zip(params, layer.get_weights(), strict=True))


def run(code, **environment):
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    return result.stdout + result.stderr


@pytest.mark.parametrize(
    "framework, missing, advice",
    [
        ("torch", "torch", "pip install torch"),
        ("keras", "keras", "pip install keras tensorflow"),
        ("keras", "tensorflow", "pip install keras tensorflow"),
    ],
)
def test_a_missing_framework_is_named_with_what_to_install(framework, missing, advice):
    found = run(
        f"import sys; sys.modules[{missing!r}] = None\n"
        "import numpy as np; from rnnbook import convert; from rnnbook.numpy import gru\n"
        f"convert.to_{framework}(gru.init(np.random.default_rng(0), 3, 2))",
        KERAS_BACKEND="tensorflow",
    )
    assert f"ModuleNotFoundError: convert.to_{framework} needs {framework}, and there is" in found
    assert found.strip().endswith(f"no module {missing}: {advice}")


ON_TORCH = """
import warnings
import keras, numpy as np
from rnnbook import convert
from rnnbook.numpy import gru, lstm, rnn

rng = np.random.default_rng(0)
x, mask = rng.standard_normal((3, 5, 2)), np.arange(5) < [[5], [2], [4]]
for dtype in ("float32", "float64"):
    for module in (rnn, lstm, gru):
        params = module.init(rng, 2, 4, dtype=dtype)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            layer = convert.to_keras(params)
        back = convert.from_keras(layer)
        exact = all((a == b).all() for a, b in zip(params, back))
        for m in (None, mask):
            hs, _, _ = module.forward(params, x.astype(dtype), mask=m)
            gap = np.abs(keras.ops.convert_to_numpy(layer(x.astype(dtype), mask=m)[0]) - hs).max()
            name = module.__name__.rsplit(".", 1)[1]
            print("found", name, dtype, m is not None, gap, exact, len(caught))
print(caught[0].message)
"""


def test_keras_on_torch_multiplies_in_float32_and_the_caller_is_warned():
    """With float64 weights outputs agree to 1e-7; an exact backend would make this test fail."""
    found = run(ON_TORCH, KERAS_BACKEND="torch")
    rows = [line.split()[1:] for line in found.splitlines() if line.startswith("found")]
    assert len(rows) == 12, found
    for name, dtype, masked, gap, exact, warned in rows:
        fused = name in ("lstm", "gru") and masked == "False"  # one call of torch, in float64
        assert exact == "True" and int(warned) == (dtype == "float64")
        assert float(gap) < 1e-6
        assert (float(gap) < 1e-14) is (fused and dtype == "float64")
    assert "float64 matrices in float32 on its torch backend: the weights are exact" in found
