"""Bad input to a recurrent layer gets an error that names what came and what was expected."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import torch
from cells import CELLS, D, H, N, T, options, random_params, random_state

import rnnbook.tensorflow
import rnnbook.torch
from rnnbook import gradcheck
from rnnbook.numpy import gru, linear, lstm, rnn, stack
from rnnbook.tree import tree_map


@pytest.fixture(params=CELLS)
def layer(request):
    cell, rng = CELLS[request.param], np.random.default_rng(0)
    params, state = random_params(cell, rng), random_state(cell, rng)
    x = rng.standard_normal((N, T, D))

    def forward(params=params, x=x, state=state, mask=None):
        return cell.module.forward(params, x, state, mask=mask, **options(cell))

    return cell, params, state, forward


def test_forward(layer):
    _, params, state, forward = layer
    wide = params.W_h.shape[1]
    with pytest.raises(
        ValueError, match=rf"W_h has shape \(4, {wide - 1}\); expected .*\(4, {wide}\)"
    ):
        forward(params=params._replace(W_h=params.W_h[:, :-1]))
    with pytest.raises(ValueError, match=rf"W_x has shape \(2, {wide - 1}\)"):
        forward(params=params._replace(W_x=params.W_x[:, :-1]))
    last = params._fields[-1]
    with pytest.raises(ValueError, match=rf"{last} has shape"):
        forward(params=params._replace(**{last: getattr(params, last)[..., :-1]}))
    with pytest.raises(
        ValueError, match=r"x has shape \(3, 5, 7\); expected \(N, T, D\) = \(3, 5, 2\)"
    ):
        forward(x=np.zeros((N, T, 7)))
    with pytest.raises(ValueError, match=r"x has shape \(3, 2\); expected \(N, T, D\)"):
        forward(x=np.zeros((N, D)))
    with pytest.raises(
        ValueError, match=r"x has shape \(3, 0, 2\); .*at least one step|at least one"
    ):
        forward(x=np.zeros((N, 0, D)))
    with pytest.raises(TypeError, match=r"x has dtype int64; expected one of float32"):
        forward(x=np.zeros((N, T, D), int))
    with pytest.raises(TypeError, match=r"x has dtype float32; expected float64, the dtype of W_x"):
        forward(x=np.zeros((N, T, D), "float32"))
    with pytest.raises(TypeError, match=r"x is a list; expected a NumPy array"):
        forward(x=[[[0.0, 0.0]]])
    with pytest.raises(ValueError, match=r"has shape \(2, 4\); expected \(N, H\) = \(3, 4\)"):
        forward(state=tree_map(lambda s: s[:2], state))
    x = np.zeros((N, T, D))
    x[1, 2, 0] = np.nan
    with pytest.raises(ValueError, match=r"x\[1, 2\] has NaN or infinity; mask the step"):
        forward(x=x)
    with pytest.raises(ValueError, match=r"x\[1, 2\] has NaN or infinity; mask the step"):
        forward(x=x, mask=np.ones((N, T), bool))
    with pytest.raises(TypeError, match=r"mask has dtype int64; expected bool"):
        forward(mask=np.ones((N, T), int))
    with pytest.raises(TypeError, match=r"mask has type list; expected bool"):
        forward(mask=[[True]])
    with pytest.raises(ValueError, match=r"mask has shape \(3, 4\); expected \(N, T\) = \(3, 5\)"):
        forward(mask=np.ones((N, T - 1), bool))


def test_backward(layer):
    cell, params, state, forward = layer
    hs, _, cache = forward()
    with pytest.raises(ValueError, match=r"dhs has shape \(3, 4, 4\); expected \(N, T, H\)"):
        cell.module.backward(params, cache, hs[:, 1:])
    with pytest.raises(TypeError, match=r"dhs has dtype float32; expected float64"):
        cell.module.backward(params, cache, hs.astype("float32"))
    with pytest.raises(ValueError, match=r"has shape \(2, 4\); expected \(N, H\) = \(3, 4\)"):
        cell.module.backward(params, cache, hs, tree_map(lambda s: s[:2], state))


@pytest.mark.parametrize("module", [rnn, lstm, gru])
def test_init(module):
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"hidden_size is 0; expected a positive whole number"):
        module.init(rng, 3, 0)
    with pytest.raises(TypeError, match=r"input_size is 1.5; expected a positive whole number"):
        module.init(rng, 1.5, 3)


def test_choices():
    params = rnn.init(np.random.default_rng(0), D, H)
    with pytest.raises(ValueError, match=r"activation is 'sine'; expected 'tanh' or 'relu'"):
        rnn.forward(params, np.ones((N, T, D)), activation="sine")
    with pytest.raises(ValueError, match=r"reset is 'never'; expected 'after' or 'before'"):
        gru.init(np.random.default_rng(0), D, H, reset="never")


def test_linear():
    params, x = linear.init(np.random.default_rng(0), 3, 2), np.ones((4, 3))
    with pytest.raises(
        ValueError, match=r"x has shape \(4, 2\); expected \(\.\.\., D\) = \(4, 3\)"
    ):
        linear.forward(params, x[:, :2])
    with pytest.raises(ValueError, match=r"b has shape \(3,\); expected \(K,\) = \(2,\)"):
        linear.forward(params._replace(b=np.zeros(3)), x)
    with pytest.raises(
        ValueError, match=r"dy has shape \(4, 3\); expected \(\.\.\., K\) = \(4, 2\)"
    ):
        linear.backward(params, x, x)


def test_stack():
    params, x = gru.init(np.random.default_rng(0), D, H), np.ones((N, T, D))
    with pytest.raises(ValueError, match=r"layers\[0\] is a gru.Params; expected a list of 1 or 2"):
        stack.forward([params], x)
    with pytest.raises(TypeError, match=r"layers\[0\]\[0\] is an ndarray; expected Params"):
        stack.forward([[x]], x)
    with pytest.raises(ValueError, match=r"states is nested as \[1, 1\]; expected \[1\]"):
        stack.forward([[params]], x, [[None], [None]])


def test_gradcheck():
    with pytest.raises(ValueError, match=r"tree\[0\] has shape \(2,\); expected \(3,\)"):
        gradcheck.max_error([np.zeros(2)], [np.zeros(3)])


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_torch_layers(kind):
    layer = getattr(rnnbook.torch, kind)(D, H)
    x = torch.ones(N, T, D)
    with pytest.raises(
        ValueError, match=r"x has shape \(3, 5, 7\); expected \(N, T, D\) = \(3, 5, 2\)"
    ):
        layer(torch.ones(N, T, 7))
    with pytest.raises(ValueError, match=r"at least one sequence and one step"):
        layer(x[:, :0])
    with pytest.raises(TypeError, match=r"x has dtype torch.float64; expected torch.float32"):
        layer(x.double())
    with pytest.raises(TypeError, match=r"mask has dtype torch.float32; expected torch.bool"):
        layer(x, mask=x[..., 0])
    with pytest.raises(ValueError, match=r"mask has shape \(3, 4\); expected \(N, T\) = \(3, 5\)"):
        layer(x, mask=torch.ones(N, T - 1, dtype=torch.bool))
    with pytest.raises(ValueError, match=r"x\[0, 1\] has NaN or infinity"):
        bad = x.clone()
        bad[0, 1, 0] = torch.nan
        layer(bad)
    expected = rf"params is a linear\.Params; expected {kind.lower()}\.Params"
    with pytest.raises(TypeError, match=expected):
        layer.load_params(linear.init(np.random.default_rng(0), 2, 2))
    with pytest.raises(ValueError, match=r"hidden_size is 0"):
        getattr(rnnbook.torch, kind)(D, 0)


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_keras_layers(kind):
    layer = getattr(rnnbook.tensorflow, kind)(H)
    x = tf.ones((N, T, D))
    with pytest.raises(
        ValueError, match=r"x has shape \(3, 0, 2\); expected at least one sequence"
    ):
        layer(x[:, :0])
    with pytest.raises(TypeError, match=r"mask has dtype .*float32.*; expected bool"):
        layer(x, mask=x[..., 0])
    with pytest.raises(ValueError, match=r"mask has shape \(3, 4\); expected \(N, T\) = \(3, 5\)"):
        layer(x, mask=tf.ones((N, T - 1), tf.bool))
    with pytest.raises(
        tf.errors.InvalidArgumentError, match="x has NaN or infinity; mask the step"
    ):
        layer(x * np.nan)


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("package, name", [("torch", "PyTorch"), ("tensorflow", "TensorFlow")])
def test_a_missing_framework_is_named(package, name):
    code = f"import sys; sys.modules[{package!r}] = None; import rnnbook.{package}"
    result = run(code)
    assert result.returncode != 0
    assert f"rnnbook.{package} needs {name}: pip install {package}" in result.stderr


def test_nobody_is_sent_to_a_name_that_someone_else_could_take():
    """`rnnbook` is on no registry: an install command must name its address, or a dependency."""
    root = Path(rnnbook.__file__).parent
    for path in root.glob("**/*.py"):
        text = path.read_text("utf-8")
        for command in re.findall(r"pip install [^\n]*rnnbook[^\n]*", text):
            assert "git+https://" in command, f"{path.name}: {command}"


def test_a_notebook_without_its_framework_says_what_to_install(monkeypatch):
    absent = {"torch", "sklearn"}
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name in absent else name)
    with pytest.raises(
        ModuleNotFoundError, match=r"needs torch, sklearn: pip install torch scikit-learn$"
    ):
        rnnbook.require("data,torch,notebooks")
    with pytest.raises(ValueError, match=r"extras has 'flax'; expected some of torch, tensorflow"):
        rnnbook.require("flax")


def test_another_keras_backend_is_refused():
    result = run("import rnnbook.tensorflow", KERAS_BACKEND="torch")
    assert result.returncode != 0
    assert "Keras runs on 'torch'; rnnbook.tensorflow needs its TensorFlow backend" in result.stderr
