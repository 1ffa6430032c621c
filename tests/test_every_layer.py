"""What every layer of the package keeps to, in all three frameworks.

A layer that is added to `rnnbook.torch` or `rnnbook.tensorflow`, a module that is added to
`rnnbook.numpy`, and an option that is added to one of them must be entered here or in
`every_layer.MODELS`, or a test fails.
"""

import importlib
import inspect
import pkgutil

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
from every_layer import (
    FRAMEWORKS,
    MODELS,
    D,
    H,
    Keras,
    N,
    NumPy,
    T,
    Torch,
    random_like,
    random_problem,
)

import rnnbook.numpy
import rnnbook.tensorflow
import rnnbook.torch
from rnnbook.gradcheck import max_error
from rnnbook.numpy import lru, stack
from rnnbook.tree import leaves, tree_map

# What has no state of its own; the file that tests it.
ELSEWHERE = {
    "Attention": "test_attention.py",
    "CRF": "test_crf.py",
    "Seq2Seq": "test_seq2seq.py",
    "Stack": "test_equality.py",
    "Sweep": "test_sweep.py",
    "VariationalDropout": "test_variants.py",
    "Zoneout": "test_variants.py",
    "ZoneoutCell": "test_variants.py",
}

models = pytest.mark.parametrize("name", MODELS)
frameworks = pytest.mark.parametrize("framework", FRAMEWORKS)
autodiff = pytest.mark.parametrize("framework", ["torch", "keras"])
masks = pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])


def close(a, b, tolerance=1e-13):
    return max_error(leaves(a), leaves(b)) < tolerance


# Nothing is forgotten.


@pytest.mark.parametrize("package", [rnnbook.torch, rnnbook.tensorflow])
def test_every_name_is_walked_through(package):
    cells = {name for name in package.__all__ if f"{name.removesuffix('Cell')}Cell" == name}
    layers = {model.layer for model in MODELS.values()}
    assert set(package.__all__) - cells - set(ELSEWHERE) == layers
    assert {name.removesuffix("Cell") for name in cells} - {"Zoneout"} <= layers


def test_every_module_with_a_state_is_walked_through():
    names = [m.name for m in pkgutil.iter_modules(rnnbook.numpy.__path__)]
    modules = [importlib.import_module(f"rnnbook.numpy.{name}") for name in names]
    with_a_state = {
        module
        for module in modules
        if module is not stack
        and hasattr(module, "init")
        and "state" in inspect.signature(getattr(module, "forward", len)).parameters
    }
    assert with_a_state == {model.module for model in MODELS.values()}


# Weights.


@models
@frameworks
def test_weights_come_out_as_they_went_in(framework, name):
    kind, model = FRAMEWORKS[framework], MODELS[name]
    params = random_problem(model).params
    layer = kind.make(model, params)
    found = kind.params(layer)
    assert type(found) is type(params)
    for field, a, b in zip(params._fields, found, params, strict=True):
        np.testing.assert_array_equal(a, b, err_msg=field)
    if framework != "numpy":
        found[0][:] = 0  # a copy: the layer keeps its own
        np.testing.assert_array_equal(kind.params(layer)[0], params[0])


@models
@autodiff
def test_weights_of_another_model_are_refused(framework, name):
    kind, model = FRAMEWORKS[framework], MODELS[name]
    layer = kind.make(model)
    params = kind.params(layer)
    other = next(m for m in MODELS.values() if m.module is not model.module)
    with pytest.raises(TypeError, match=r"params is a .*; expected "):
        layer.load_params(NumPy.params(NumPy.make(other)))
    field = params._fields[0]
    with pytest.raises(ValueError, match=rf"{field} has shape .*; expected "):
        layer.load_params(params._replace(**{field: params[0][:-1]}))


def test_an_unbuilt_keras_layer_says_so():
    for name, model in MODELS.items():
        layer = getattr(rnnbook.tensorflow, model.layer)(H, **model.options)
        with pytest.raises(ValueError, match=r"has no weights yet.* call or build it first"):
            layer.params()
        params = tree_map(np.float32, random_problem(model).params)
        assert close(layer.load_params(params).params(), params, 1e-15), name


LARGE = (24, 32)  # input size and hidden size: enough numbers to tell distributions


def glorot(W, fan_in, fan_out):
    r = np.sqrt(6 / (fan_in + fan_out))
    assert 0.95 * r < np.abs(W).max() <= r
    assert np.std(W) == pytest.approx(r / np.sqrt(3), rel=0.1)


def normal(W, scale):
    assert np.std(W) == pytest.approx(scale, rel=0.15) and np.abs(W).max() > 1.6 * scale


def orthogonal_blocks(W):
    H = len(W)
    for block in np.split(W, W.shape[1] // H, axis=1):
        np.testing.assert_allclose(block @ block.T, np.eye(H), atol=1e-5)


def bias(b, block, value):
    """`value` in one block of H, zero in all others; `block` is None for zeros."""
    H = LARGE[1]
    expected = np.zeros_like(b)
    if block is not None:
        expected[block * H : (block + 1) * H] = value
    np.testing.assert_array_equal(b, expected)


# Where each layer with a bias that stays open has it.
BIASES = {"LSTM": 1, "LayerNormLSTM": 1, "ConvLSTM": 1, "MinLSTM": 1, "MinGRU": 0}
STARTS = {"LSTM": 1.0, "LayerNormLSTM": 1.0, "ConvLSTM": 1.0, "MinLSTM": 0.0, "MinGRU": 0.0}


@models
@frameworks
def test_initial_weights_are_those_of_the_docstring(framework, name):
    kind, model = FRAMEWORKS[framework], MODELS[name]
    keras.utils.set_random_seed(0)
    p = kind.params(kind.make(model, sizes=LARGE))._asdict()
    size, _ = LARGE
    if model.layer == "LRU":
        return check_lru(p, radius=(0.9, 0.999), max_angle=2 * np.pi)
    if model.layer == "DiagonalSSM":
        return check_diagonal_ssm(p)
    if model.layer == "DeltaNet":
        return check_delta_net(p)
    for field, W in p.items():
        if field in ("W", "W_x") and W.ndim == 2:
            glorot(W, size, W.shape[1])
        elif field == "W_x":  # filters
            glorot(W, W[..., 0].size, W.shape[-1])
        elif field == "W_h" and W.ndim == 2:
            orthogonal_blocks(W)
        elif field == "W_h":
            orthogonal_blocks(W[1, 1])
            assert np.abs(W).sum() == pytest.approx(np.abs(W[1, 1]).sum())
        elif field == "b":
            bias(W, BIASES.get(model.layer), STARTS.get(model.layer))
        else:
            expected = 1 if field in ("s_x", "s_h", "s_c") else 0
            assert (expected == W).all(), field


def check_lru(p, radius, max_angle):
    lam = lru.eigenvalues(lru.Params(**p))
    low, high = radius
    # The angle is uniform from 0 to max_angle, the square of the radius between the two squares.
    middle = (np.log(np.exp(-np.exp(p["nu"])) ** 2 / low**2) / np.log(high**2 / low**2)).mean()
    assert (np.abs(lam) > low).all() and (np.abs(lam) < high).all() and 0.3 < middle < 0.7
    angles = np.exp(p["theta"])
    assert (angles < max_angle).all() and 0.35 * max_angle < angles.mean() < 0.65 * max_angle
    np.testing.assert_allclose(np.exp(2 * p["log_gamma"]), 1 - np.abs(lam) ** 2, rtol=1e-4)
    size, hidden = LARGE
    for name in ("B_re", "B_im"):
        normal(p[name], 1 / np.sqrt(2 * size))
    for name in ("C_re", "C_im"):
        normal(p[name], 1 / np.sqrt(hidden))
    assert 0.5 < np.std(p["skip"]) < 1.5


def check_diagonal_ssm(p):
    size, states = p["frequency"].shape
    np.testing.assert_allclose(np.exp(p["log_decay"]), 0.5, rtol=1e-6)
    np.testing.assert_allclose(p["frequency"], np.tile(np.pi * np.arange(states), (size, 1)))
    dt = np.exp(p["log_dt"])
    assert (dt > 1e-3).all() and (dt < 0.1).all() and dt.max() > 10 * dt.min()
    for name in ("C_re", "C_im"):
        normal(p[name], 1 / np.sqrt(2))
    assert (p["skip"] == 1).all()


def check_delta_net(p):
    for field in ("W_q", "W_k", "W_v", "W_b"):
        W, r = p[field], np.sqrt(6 / sum(p[field].shape))
        assert 0.6 * r < np.abs(W).max() <= r, field  # W_b is small
    glorot(p["W_k"], *p["W_k"].shape)
    assert not p["b_b"].any()


# Options.


def option_bias(framework, model, option):
    params = made(framework, model, **{option: 2.5})
    bias(params.b, BIASES[model.layer], 2.5)


def option_dtype(framework, model, option):
    dtype = {"numpy": np.float32, "torch": torch.float32, "keras": "float32"}[framework]
    assert {w.dtype.name for w in made(framework, model, dtype=dtype)} == {"float32"}
    dtype = {"numpy": np.float64, "torch": torch.float64, "keras": "float64"}[framework]
    assert {w.dtype.name for w in made(framework, model, dtype=dtype)} == {"float64"}


def option_device(framework, model, option):
    layer = FRAMEWORKS[framework].make(model, device="meta")
    assert {w.device.type for w in layer.parameters()} == {"meta"}


def option_peepholes(framework, model, option):
    assert not hasattr(made(framework, model, peepholes=False), "p")
    assert made(framework, model, peepholes=True).p.shape == (3, LARGE[1])


def option_reset(framework, model, option):
    assert made(framework, model, reset="before")._fields == ("W_x", "W_h", "b")
    assert made(framework, model, reset="after")._fields == ("W_x", "W_h", "b_x", "b_h")


def option_activation(framework, model, option):
    kind, problem = FRAMEWORKS[framework], random_problem(model)
    hs = {a: kind.run(kind.make(model, problem.params, activation=a), problem.x)[0]
          for a in ("tanh", "relu")}  # fmt: skip
    assert hs["relu"].min() == 0 and hs["relu"].max() > 1
    assert hs["tanh"].min() < 0 and np.abs(hs["tanh"]).max() < 1


def option_radius(framework, model, option):
    lam = lru.eigenvalues(made(framework, model, radius=(0.3, 0.4)))
    assert (np.abs(lam) > 0.3).all() and (np.abs(lam) < 0.4).all()


def option_max_angle(framework, model, option):
    check_lru(made(framework, model, max_angle=0.1)._asdict(), (0.9, 0.999), 0.1)


def option_kernel_size(framework, model, option):
    params = made(framework, model, kernel_size=5)
    assert params.W_x.shape[:2] == params.W_h.shape[:2] == (5, 5)


def option_heads(framework, model, option):
    params = made(framework, model, heads=8)
    assert params.W_q.shape == LARGE and params.b_b.shape == (8 * model.options.get("factors", 1),)


def option_factors(framework, model, option):
    params = made(framework, model, factors=5)
    assert params.W_q.shape == LARGE
    assert params.W_k.shape == params.W_v.shape == (LARGE[0], 5 * LARGE[1])


def option_gate(framework, model, option):
    """b at a strongly open gate, seen in what a write leaves of the old value: 1 - b of it."""
    kind = FRAMEWORKS[framework]
    for gate, end, exact in (("sigmoid", 1, False), ("double", 2, False), ("hard", 2, True)):
        layer = kind.make(model, gate=gate, heads=1, factors=1)
        params = kind.params(layer)
        params = params._replace(W_v=0 * params.W_v, W_b=0 * params.W_b, b_b=params.b_b + 5)
        layer = kind.make(model, params, gate=gate, heads=1, factors=1)
        x, S = np.ones((1, 1, D)), np.eye(H)[None, None]
        k = (x[0] @ params.W_k) / np.linalg.norm(x[0] @ params.W_k)
        _, after = kind.run(layer, x, S)
        b = end if exact else end / (1 + np.exp(-5))
        assert close(after[0, 0], np.eye(H) - b * k.T @ k, 1e-9)


OPTIONS = {
    "heads": option_heads,
    "factors": option_factors,
    "gate": option_gate,
    "forget_bias": option_bias,
    "keep_bias": option_bias,
    "dtype": option_dtype,
    "device": option_device,
    "peepholes": option_peepholes,
    "reset": option_reset,
    "activation": option_activation,
    "radius": option_radius,
    "max_angle": option_max_angle,
    "kernel_size": option_kernel_size,
}
SHARED = {"dtype", "device"}  # of a framework, not of a model


def made(framework, model, **options):
    kind = FRAMEWORKS[framework]
    return kind.params(kind.make(model, sizes=LARGE, **options))


CASES = [
    (framework, name, option)
    for name, model in MODELS.items()
    for framework, kind in FRAMEWORKS.items()
    for option in kind.options(model)
]


@pytest.mark.parametrize("framework, name, option", CASES)
def test_every_option_changes_what_it_says(framework, name, option):
    assert option in OPTIONS, f"nobody has said what {option!r} of {name} changes"
    OPTIONS[option](framework, MODELS[name], option)


@models
def test_options_are_the_same_in_all_frameworks(name):
    own = [set(kind.options(MODELS[name])) - SHARED for kind in (NumPy, Torch, Keras)]
    assert own[1] == own[2]
    assert own[0] == own[1] - {"activation"}  # of `forward` in NumPy


@models
def test_a_keras_layer_is_made_again_from_its_configuration(name):
    model = MODELS[name]
    changed = {"forget_bias": 2.5, "keep_bias": 2.5, "radius": (0.3, 0.4), "max_angle": 0.1}
    changed |= {"heads": 2, "factors": 2, "gate": "hard"}
    changed |= {"kernel_size": 5, "peepholes": True, "reset": "before", "activation": "relu"}
    options = {option: changed[option] for option in Keras.options(model)}
    layer = Keras.make(model, **options)
    config = layer.get_config()
    for found in (config, getattr(layer, "cell", layer).get_config()):
        for option, value in options.items():
            assert found[option] == value or tuple(found[option]) == value
    again = type(layer).from_config(config)
    again.build((None, None, *model.frame, D))
    assert again.get_config() == config
    problem = random_problem(model)
    params = random_like(layer.params(), np.random.default_rng(0))
    outputs = [Keras.run(one.load_params(params), problem.x)[0] for one in (layer, again)]
    assert close(*outputs, 1e-15)


# What comes in.


@models
@frameworks
def test_nan_is_refused_where_it_counts(framework, name):
    kind, model = FRAMEWORKS[framework], MODELS[name]
    params, x, state, mask, *_ = random_problem(model, masked=True)
    layer = kind.make(model, params)
    for bad in (np.nan, np.inf):
        x[~mask] = bad
        assert np.isfinite(kind.run(layer, x, state, mask)[0]).all()
        refused = pytest.raises(
            (ValueError, tf.errors.InvalidArgumentError),
            match="has NaN or infinity; mask the step or clean the input",
        )
        with refused:
            kind.run(layer, x, state)
        with refused:
            kind.run(layer, x, state, np.ones_like(mask))


@models
@frameworks
def test_wrong_shapes_are_refused(framework, name):
    kind, model = FRAMEWORKS[framework], MODELS[name]
    params, x, state, mask, *_ = random_problem(model)
    mask = np.ones((N, T), bool)
    layer = kind.make(model, params)
    for bad, error in [
        (x[..., :-1], r"(?s)has shape|expected shape|incompatible|but received input"),
        (x[:, 0], r"(?s)has shape|expected|incompatible"),
        (x[:, :0], r"expected .*at least one"),
    ]:
        with pytest.raises(ValueError, match=error):
            kind.run(layer, bad)
    with pytest.raises(ValueError, match=r"has shape .*; expected \(N"):
        kind.run(layer, x, tree_map(lambda s: s[:2], state))
    with pytest.raises(ValueError, match=r"mask has shape \(3, 4\); expected \(N, T\) = \(3, 5\)"):
        kind.run(layer, x, mask=mask[:, 1:])
    with pytest.raises(TypeError, match=r"mask has dtype .*int.*; expected .*bool"):
        kind.run(layer, x, mask=mask.astype(int))


@models
@pytest.mark.parametrize("framework", ["numpy", "torch"])  # Keras casts what it gets
def test_wrong_types_are_refused(framework, name):
    kind, model = FRAMEWORKS[framework], MODELS[name]
    params, x, state, *_ = random_problem(model)
    layer = kind.make(model, params)
    with pytest.raises(TypeError, match=r"x has dtype .*float32; expected .*float64"):
        kind.run(layer, x.astype(np.float32))
    with pytest.raises(TypeError, match=r"x has dtype .*int64; expected "):
        kind.run(layer, x.astype(int))
    halves = tree_map(lambda s: s.astype(np.complex64 if s.dtype.kind == "c" else "float32"), state)
    with pytest.raises(TypeError, match=r" has dtype .*(float32|complex64); expected "):
        kind.run(layer, x, halves)
    with pytest.raises(TypeError, match=r"x is a list; expected a "):
        if framework == "numpy":
            model.module.forward(params, x.tolist())
        else:
            layer(x.tolist())
    with pytest.raises(TypeError, match=r"x is a (ndarray|Tensor); expected a "):
        if framework == "numpy":
            model.module.forward(params, torch.tensor(x))
        else:
            layer(x)


# What comes out.


@models
@masks
def test_outputs_and_gradients_are_the_same_in_all_frameworks(masked, name):
    model = MODELS[name]
    problem = random_problem(model, masked=masked)
    outputs = NumPy.run(NumPy.make(model, problem.params), *problem[1:4])
    grads = NumPy.gradients(model, problem)
    for kind in (Torch, Keras):
        found = kind.run(kind.make(model, problem.params), *problem[1:4])
        assert close(found, outputs)
        assert close(kind.gradients(model, problem), grads)
    dx = grads[1]
    if masked:
        assert not dx[~problem.mask].any() and np.isfinite(dx).all()


@models
@autodiff
@masks
def test_second_derivatives(masked, framework, name):
    """Against central differences of NumPy's gradients, in a random direction."""
    model, step = MODELS[name], 1e-6
    problem = random_problem(model, masked=masked)
    tree = (problem.params, np.nan_to_num(problem.x), problem.state)
    direction = random_like(tree, np.random.default_rng(1))
    found = FRAMEWORKS[framework].second(model, problem, direction)

    def gradients(sign):
        moved = tree_map(lambda v, d: v + sign * step * d, tree, direction)
        return leaves(NumPy.gradients(model, problem._replace(**dict(zip(
            ("params", "x", "state"), moved, strict=True)))))  # fmt: skip

    expected = [(a - b) / (2 * step) for a, b in zip(gradients(1), gradients(-1), strict=True)]
    assert max_error(found, expected) < 1e-6


@models
@frameworks
def test_masked_is_shorter(framework, name):
    kind, model = FRAMEWORKS[framework], MODELS[name]
    params, x, state, mask, *_ = random_problem(model, masked=True)
    layer = kind.make(model, params)
    y, last = kind.run(layer, x, state, mask)
    assert not y[~mask].any()
    for n in range(N):
        one = tree_map(lambda s, n=n: s[n : n + 1], state)
        y_n, last_n = kind.run(layer, x[n : n + 1, mask[n]], one)
        assert close(y[n, mask[n]], y_n[0])
        assert close(tree_map(lambda s, n=n: s[n : n + 1], last), last_n)


@models
@frameworks
@masks
def test_whole_is_pieces_is_step_by_step(masked, framework, name):
    kind, model = FRAMEWORKS[framework], MODELS[name]
    params, x, state, mask, *_ = random_problem(model, masked=masked)
    layer = kind.make(model, params)
    y, last = kind.run(layer, x, state, mask)
    first, second = (None, None) if mask is None else (mask[:, :2], mask[:, 2:])
    y_1, middle = kind.run(layer, x[:, :2], state, first)
    y_2, end = kind.run(layer, x[:, 2:], middle, second)
    assert close((np.concatenate([y_1, y_2], axis=1), end), (y, last))
    if masked:
        return
    for t in range(T):
        y_t, state = kind.step(layer, x[:, t], state)
        assert close(y_t, y[:, t])
    assert close(state, last)


@models
@frameworks
@masks
def test_two_directions_are_one_flipped(masked, framework, name):
    kind, model = FRAMEWORKS[framework], MODELS[name]
    params, x, state, mask, *_ = random_problem(model, masked=masked)
    other = random_like(params, np.random.default_rng(2))
    there, back = kind.make(model, params), kind.make(model, other)
    flipped = x[:, ::-1].copy(), state, None if mask is None else mask[:, ::-1].copy()
    expected = kind.run(there, x, state, mask), kind.run(back, *flipped)
    y = np.concatenate([expected[0][0], expected[1][0][:, ::-1]], axis=-1)
    found, states = run_stack(framework, [[there, back]], x, [[state, state]], mask)
    assert close((found, states), (y, [[expected[0][1], expected[1][1]]]))


def run_stack(framework, layers, x, states, mask):
    if framework == "numpy":
        (model, _) = layers[0][0]
        options = {} if model.activation is None else {"activation": model.activation}
        layers = [[params for _, params in entry] for entry in layers]
        return stack.forward(layers, x, states, mask=mask, **options)[:2]
    package = {"torch": rnnbook.torch, "keras": rnnbook.tensorflow}[framework]
    options = {} if framework == "torch" else {"dtype": "float64"}
    both = package.Stack(layers, **options)
    tensor = {"torch": torch.tensor, "keras": tf.constant}[framework]
    mask = None if mask is None else tensor(mask)
    if framework == "keras":
        states = [[list(s) if isinstance(s, tuple) else s for s in entry] for entry in states]
    y, last = both(tensor(x), tree_map(tensor, states), mask=mask)
    numpy = {"torch": lambda v: v.detach().numpy(), "keras": np.asarray}[framework]
    return tree_map(numpy, (y, last))
