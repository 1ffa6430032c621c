import cells
import keras
import numpy as np
import pytest
import references
import torch

import rnnbook.tensorflow
import rnnbook.torch
from rnnbook import convert, diagnostics, gradcheck
from rnnbook.numpy import layer_norm_lstm, lstm, min_gru, rnn, stack

N, T, D, H = cells.N, cells.T, cells.D, cells.H


def problem(name):
    rng = np.random.default_rng(1)
    return cells.CELLS[name].module, cells.random_params(cells.CELLS[name], rng), rng


def flat(state):
    return np.concatenate(state, axis=-1) if isinstance(state, tuple) else state


def unflat(module, s):
    two = module in (lstm, layer_norm_lstm)
    return lstm.State(*np.split(s, 2, axis=-1)) if two else s


def complex_params(params):
    return type(params)(*(w.astype(complex) for w in params))


@pytest.mark.parametrize("name", cells.BOUNDED)
def test_jacobians_are_those_of_the_complex_step(name):
    module, params, rng = problem(name)
    x = rng.standard_normal((N, T, D))
    J = diagnostics.jacobians(params, x)
    _, _, cache = module.forward(params, x)
    old = np.concatenate([cache.h, cache.c], -1) if hasattr(cache, "c") else cache.h
    assert J.state.shape == (T, N, old.shape[-1], old.shape[-1])
    t, n, i = 2, 1, old.shape[-1] - 1
    complex_weights = complex_params(params)

    def entry(v):
        s, x_t = v
        step = module.step(complex_weights, x_t[None], unflat(module, s[None]))
        return flat(step)[0, i]

    by_state, by_input = gradcheck.complex_step(entry, (old[t, n], x[n, t]))
    assert gradcheck.max_error(J.state[t, n, i], by_state) < 1e-13
    assert gradcheck.max_error(J.input[t, n, i], by_input) < 1e-13


@pytest.mark.parametrize("name", cells.BOUNDED)
def test_sensitivity_to_inputs_is_that_of_the_backward_pass(name):
    module, params, rng = problem(name)
    x = rng.standard_normal((N, T, D))
    _, _, cache = module.forward(params, x)
    squares = np.zeros((N, T))
    for i in range(H):
        dhs = np.zeros((N, T, H))
        dhs[:, -1, i] = 1
        squares += (module.backward(params, cache, dhs)[1] ** 2).sum(axis=-1)
    expected = np.sqrt(squares).T[::-1]
    assert gradcheck.max_error(diagnostics.input_sensitivity(params, x), expected) < 1e-13


def test_sensitivity_to_states_of_a_linear_network_is_known():
    rng = np.random.default_rng(0)
    W_h = rng.standard_normal((H, H))
    params = rnn.Params(np.zeros((D, H)), 0.1 * np.abs(W_h), np.full(H, 1.0))
    torch_model = convert.to_torch(params, activation="relu")  # always active: linear
    x = np.zeros((N, T, D))
    powers = [np.linalg.norm(np.linalg.matrix_power(params.W_h, k), 2) for k in range(T + 1)]
    got = diagnostics.state_sensitivity(torch_model, x)
    assert gradcheck.max_error(got, np.repeat(powers, N).reshape(T + 1, N)) < 1e-12


def test_the_cell_of_an_lstm_without_recurrence_passes_on_its_forget_gates():
    _, params, rng = problem("lstm")
    params = params._replace(W_h=np.zeros_like(params.W_h))
    x = rng.standard_normal((N, T, D))
    _, _, cache = lstm.forward(params, x)
    J = diagnostics.jacobians(params, x).state
    cell = J[:, :, H:, H:]
    forget = cache.gates[:, 1]
    assert gradcheck.max_error(np.diagonal(cell, axis1=-2, axis2=-1), forget) < 1e-14
    assert np.abs(cell - forget[..., None] * np.eye(H)).max() < 1e-14


@pytest.mark.parametrize("name", cells.BOUNDED)
def test_all_frameworks_give_the_same_numbers(name):
    _, params, rng = problem(name)
    x = rng.standard_normal((N, T, D))
    expected = diagnostics.input_sensitivity(params, x)
    for model in models_of(name, params):
        got = diagnostics.input_sensitivity(model, x)
        assert gradcheck.max_error(got, expected) < 1e-10, type(model)


def models_of(name, params):
    """The same layer in every framework that has it."""
    cell = cells.CELLS[name]
    yield references.torch_layer(cell, params)
    yield references.keras_layer(cell, params)
    if name in cells.IN_KERAS:
        yield convert.to_keras(params, activation=cell.activation)
    if name in cells.IN_TORCH_NN:
        yield convert.to_torch(params, activation=cell.activation)


def test_relu_is_read_from_every_framework():
    params = cells.random_params(cells.CELLS["rnn-relu"], np.random.default_rng(0))
    x = np.random.default_rng(1).standard_normal((N, T, D))
    values = [diagnostics.state_sensitivity(m, x) for m in models_of("rnn-relu", params)]
    assert len(values) == 4
    assert all(np.array_equal(v, values[0]) for v in values)
    assert not np.allclose(values[0], diagnostics.state_sensitivity(params, x))  # tanh


def test_exponents_of_a_rotation_and_of_a_lost_direction():
    c, s = np.cos(0.3), np.sin(0.3)
    J = np.broadcast_to(0.9 * np.array([[c, -s], [s, c]]), (50, 2, 2, 2))
    assert np.allclose(diagnostics.lyapunov_exponents(J), np.log(0.9), atol=1e-12)
    J = np.broadcast_to(np.diag([0.5, 0.0]), (5, 1, 2, 2))
    assert diagnostics.lyapunov_exponents(J)[0].tolist() == [np.log(0.5), -np.inf]


def test_the_radius_of_a_stack_of_matrices():
    stack = np.stack([np.diag([1.0, -3.0]), np.array([[0.0, -2.0], [2.0, 0.0]])])
    assert np.allclose(diagnostics.spectral_radius(stack), [3, 2])


def test_exponents_and_radius_name_what_they_cannot_take():
    with pytest.raises(ValueError, match=r"state_jacobians has shape \(5, 2, 2\); expected \(T, N"):
        diagnostics.lyapunov_exponents(np.ones((5, 2, 2)))
    with pytest.raises(ValueError, match=r"matrix has shape \(2, 2\); expected .* all finite"):
        diagnostics.spectral_radius(np.array([[1.0, np.nan], [0.0, 1.0]]))


# Where a sequence starts.


@pytest.mark.parametrize("name", cells.BOUNDED)
def test_a_first_state_goes_on_where_an_earlier_run_stopped(name):
    module, params, rng = problem(name)
    x, first = rng.standard_normal((N, T, D)), cells.random_state(cells.CELLS[name], rng)
    _, state, _ = module.forward(params, x[:, :2], first)
    whole, rest = (
        diagnostics.jacobians(params, *start) for start in ((x, first), (x[:, 2:], state))
    )
    assert gradcheck.max_error(rest.state, whole.state[2:]) < 1e-13
    assert gradcheck.max_error(rest.input, whole.input[2:]) < 1e-13
    for measure in (diagnostics.state_sensitivity, diagnostics.input_sensitivity):
        rest, whole = measure(params, x[:, 2:], state), measure(params, x, first)
        assert gradcheck.max_error(rest, whole[: len(rest)]) < 1e-13
        assert np.abs(measure(params, x) - whole).max() > 1e-3
    layers = [[params], [cells.random_params(cells.CELLS[name], rng, H)]]
    states = [[first], [cells.random_state(cells.CELLS[name], rng)]]
    whole = diagnostics.influence(layers, x, -1, states)
    _, states, _ = stack.forward(layers, x[:, :2], states)
    assert (
        gradcheck.max_error(diagnostics.influence(layers, x[:, 2:], -1, states), whole[2:]) < 1e-13
    )


# Several layers and directions.


def mixed_layers(rng):
    """An LSTM below a GRU, and the same in torch."""
    below = cells.random_params(cells.CELLS["lstm"], rng, D, 3)
    above = cells.random_params(cells.CELLS["gru-after"], rng, 3, H)
    modules = [
        references.torch_layer(cells.CELLS["lstm"], below),
        references.torch_layer(cells.CELLS["gru-after"], above),
    ]
    return [[below], [above]], rnnbook.torch.Stack([[module] for module in modules])


def test_jacobians_of_a_stack_are_those_of_autograd_and_of_the_complex_step():
    rng = np.random.default_rng(2)
    layers, torch_stack = mixed_layers(rng)
    x = rng.standard_normal((N, T, D))
    states = [[lstm.State(*rng.standard_normal((2, N, 3)))], [rng.standard_normal((N, H))]]
    J = diagnostics.jacobians(layers, x, states)
    assert J.state.shape == (T, N, H + 6, H + 6) and J.hidden_size == H
    by_autograd = diagnostics.jacobians(torch_stack, x, states)
    assert gradcheck.max_error(J, by_autograd) < 1e-12
    n, i = 1, 2

    def entry(v):
        x_t, h, c, top = (value[None] for value in v)
        complex_layers = [[complex_params(params)] for (params,) in layers]
        return stack.step(complex_layers, x_t, [[lstm.State(h, c)], [top]])[0][0, i]

    (h, c), top = (state[0] for state in states)
    dx, dh, dc, dtop = gradcheck.complex_step(entry, (x[n, 0], h[n], c[n], top[n]))
    assert gradcheck.max_error(J.state[0, n, i], np.concatenate([dtop, dh, dc])) < 1e-13
    assert gradcheck.max_error(J.input[0, n, i], dx) < 1e-13


def test_sensitivities_of_a_stack_agree_however_they_are_found():
    rng = np.random.default_rng(2)
    layers, torch_stack = mixed_layers(rng)
    x = rng.standard_normal((N, T, D))
    J = diagnostics.jacobians(layers, x)
    product = np.broadcast_to(np.eye(H + 6), (N, H + 6, H + 6))
    lags = diagnostics.input_sensitivity(layers, x)
    for k in range(T):
        by_input = product[:, : J.hidden_size] @ J.input[T - 1 - k]
        assert gradcheck.max_error(lags[k], np.linalg.norm(by_input, axis=(1, 2))) < 1e-13
        product = product @ J.state[T - 1 - k]
    assert gradcheck.max_error(lags, diagnostics.input_sensitivity(torch_stack, x)) < 1e-12
    sensitivity = diagnostics.state_sensitivity(layers, x)
    assert gradcheck.max_error(sensitivity[T], np.linalg.norm(product, 2, axis=(1, 2))) < 1e-12


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("position", [-1, 1, 3])
def test_influence_on_two_layers_of_two_directions_is_what_autograd_says(kind, position):
    torch.manual_seed(0)
    options = {"nonlinearity": "relu"} if kind == "RNN" else {}
    model = getattr(torch.nn, kind)(
        D, H, 2, bidirectional=True, batch_first=True, dtype=torch.float64, **options
    )
    x = np.random.default_rng(0).standard_normal((N, T, D))
    J = torch.autograd.functional.jacobian(lambda v: model(v)[0][:, position], torch.tensor(x))
    own = np.stack([J[n, :, n].norm(dim=(0, 2)).numpy() for n in range(N)], axis=1)
    got = diagnostics.influence(model, x, position)
    assert gradcheck.max_error(got, own) < 1e-13
    assert (got[:] > 0).all()
    if position == -1:
        assert gradcheck.max_error(diagnostics.input_sensitivity(model, x), own[::-1]) < 1e-13


def test_influence_of_keras_models_is_that_of_the_same_weights_in_numpy():
    rng = np.random.default_rng(4)
    layers = cells.random_layers(cells.CELLS["gru-after"], rng, num_layers=2, directions=2)
    x = rng.standard_normal((N, T, D))
    expected = diagnostics.influence(layers, x, 2)
    model = convert.to_keras(layers)
    assert gradcheck.max_error(diagnostics.influence(model, x, 2), expected) < 1e-10
    ours = [
        [references.keras_layer(cells.CELLS["gru-after"], one) for one in pair] for pair in layers
    ]
    by_stack = diagnostics.influence(rnnbook.tensorflow.Stack(ours, dtype="float64"), x, 2)
    assert gradcheck.max_error(by_stack, expected) < 1e-10


# Layers whose weights do not say everything.


def norm_layers(rng):
    """One layer-normalised LSTM in NumPy, torch and Keras."""
    params = cells.random_like(layer_norm_lstm.init(rng, D, H), rng)
    in_torch = rnnbook.torch.LayerNormLSTM(D, H, dtype=torch.float64).load_params(params)
    in_keras = rnnbook.tensorflow.LayerNormLSTM(H, dtype="float64")
    in_keras.build((None, None, D))
    in_keras.set_weights(list(params))
    return params, in_torch, in_keras


def test_a_layer_normalised_lstm_is_the_same_in_all_three():
    rng = np.random.default_rng(5)
    params, in_torch, in_keras = norm_layers(rng)
    x, (h, c) = rng.standard_normal((N, T, D)), rng.standard_normal((2, N, H))
    by_torch = diagnostics.jacobians(in_torch, x, (h, c))
    by_keras = diagnostics.jacobians(in_keras, x, [h, c])
    assert gradcheck.max_error(by_torch, by_keras) < 1e-10
    weights, n, i = complex_params(params), 2, 5  # an entry of c

    def entry(v):
        x_t, h, c = (value[None] for value in v)
        return flat(layer_norm_lstm.step(weights, x_t, lstm.State(h, c)))[0, i]

    dx, dh, dc = gradcheck.complex_step(entry, (x[n, 0], h[n], c[n]))
    assert gradcheck.max_error(by_torch.state[0, n, i], np.concatenate([dh, dc])) < 1e-12
    assert gradcheck.max_error(by_torch.input[0, n, i], dx) < 1e-12
    expected = diagnostics.influence([[params]], x, 2)
    for model in (in_torch, in_keras):
        lags = diagnostics.state_sensitivity(model, x)
        assert lags.shape == (T + 1, N) and (lags > 0).all()
        last = model if model is in_torch else sequences(in_keras)
        assert gradcheck.max_error(diagnostics.influence(last, x, 2), expected) < 1e-10


def sequences(layer):
    """The same Keras layer with all outputs."""
    copy = type(layer)(layer.units, dtype="float64", return_sequences=True)
    copy.build((None, None, D))
    copy.set_weights(layer.get_weights())
    return copy


def test_dropout_and_zoneout_are_measured_in_evaluation_and_go_on_training():
    _, params, rng = problem("gru-after")
    x = rng.standard_normal((N, T, D))
    layer = references.torch_layer(cells.CELLS["gru-after"], params)
    zoneout = rnnbook.torch.Zoneout(layer, rate=0.25).train()
    layer.eval()
    got = diagnostics.jacobians(zoneout, x[:, :1])
    plain = diagnostics.jacobians(params, x[:, :1])
    assert gradcheck.max_error(got.state, 0.25 * np.eye(H) + 0.75 * plain.state) < 1e-13
    assert zoneout.training and not layer.training
    _, params, _ = problem("lstm")
    layer = references.torch_layer(cells.CELLS["lstm"], params)
    dropout = rnnbook.torch.VariationalDropout(layer, input_rate=0.5, state_rate=0.5).train()
    got = diagnostics.input_sensitivity(dropout, x)
    assert gradcheck.max_error(got, diagnostics.input_sensitivity(params, x)) < 1e-12
    keras_layer = references.keras_layer(cells.CELLS["lstm"], params)
    in_keras = rnnbook.tensorflow.VariationalDropout(keras_layer, input_rate=0.5, state_rate=0.5)
    got = diagnostics.input_sensitivity(in_keras, x)
    assert gradcheck.max_error(got, diagnostics.input_sensitivity(params, x)) < 1e-10


def test_a_model_of_ones_own_is_measured_with_its_head():
    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.GRU(D, H, batch_first=True, dropout=0.0)
            self.head = torch.nn.Linear(H, 1)

        def forward(self, x):
            return self.head(self.layer(x)[0][:, -1])

    torch.manual_seed(1)
    model = Model().double()
    x = np.random.default_rng(0).standard_normal((N, T, D))
    inputs = torch.tensor(x, requires_grad=True)
    (dx,) = torch.autograd.grad(model(inputs).sum(), inputs)
    got = diagnostics.input_sensitivity(model, x)
    assert gradcheck.max_error(got, dx.norm(dim=-1).numpy().T[::-1]) < 1e-13
    with pytest.raises(ValueError, match=r"model returns shape \(3, 1\); expected .* position -1"):
        diagnostics.influence(model, x, 1)
    with pytest.raises(TypeError, match=r"model returns a Tensor; expected \(outputs, state\)"):
        diagnostics.jacobians(model, x)


# The last lag.


def test_the_last_lag_is_the_last_that_is_large_enough():
    sensitivity = np.array([[4.0, 1.0, 0.0], [0.1, 0.9, 0.0], [0.5, 0.0, 0.0], [0.3, 0.15, 0.0]])
    assert diagnostics.last_lag(sensitivity).tolist() == [2, 3, -1]
    assert diagnostics.last_lag(sensitivity, share=0.5).tolist() == [0, 1, -1]
    assert diagnostics.last_lag(sensitivity, share=0.05).tolist() == [3, 3, -1]
    params = rnn.Params(np.ones((1, 1)), np.array([[0.5]]), np.zeros(1))
    x = np.zeros((2, 9, 1))
    assert diagnostics.last_lag(diagnostics.input_sensitivity(params, x)).tolist() == [3, 3]
    with pytest.raises(ValueError, match=r"share is 0; expected a number above 0"):
        diagnostics.last_lag(sensitivity, share=0)
    with pytest.raises(ValueError, match="sensitivity has NaN or negative values"):
        diagnostics.last_lag(sensitivity * np.nan)
    with pytest.raises(ValueError, match=r"sensitivity has shape \(4,\); expected \(lags, N\)"):
        diagnostics.last_lag(sensitivity[:, 0])


# What is refused.


def test_the_activation_of_plain_weights_can_be_stated_and_that_of_a_model_not_changed():
    params = cells.random_params(cells.CELLS["rnn-relu"], np.random.default_rng(0))
    x = np.random.default_rng(1).standard_normal((N, T, D))
    for measure in (
        diagnostics.state_sensitivity,
        diagnostics.input_sensitivity,
        diagnostics.influence,
        lambda *args, **options: diagnostics.jacobians(*args, **options).state,
    ):
        stated = measure(params, x, activation="relu")
        for model in models_of("rnn-relu", params):
            assert gradcheck.max_error(measure(model, x), stated) < 1e-13
            with pytest.raises(ValueError, match="activation is 'tanh'; expected 'relu', that of"):
                measure(model, x, activation="tanh")
        assert np.abs(measure(params, x) - stated).max() > 0.01
    with pytest.raises(ValueError, match="activation is 'sine'; expected 'tanh' or 'relu'"):
        diagnostics.jacobians(params, x, activation="sine")


@pytest.mark.parametrize(
    ("model", "kind", "message"),
    [
        ("lstm", TypeError, "model is a str; expected NumPy Params, a list"),
        (
            torch.nn.Linear(D, H, dtype=torch.float64),
            TypeError,
            r"model returns a Tensor; expected \(outputs, state\)",
        ),
        (
            torch.nn.GRU(D, H, bidirectional=True, dtype=torch.float64),
            ValueError,
            r"model\[0\] has two directions, .* `influence`",
        ),
        (
            rnnbook.torch.Stack([[rnnbook.torch.GRU(D, H, dtype=torch.float64) for _ in "ab"]]),
            ValueError,
            "model ends in another state when it is run step by step",
        ),
        (
            keras.layers.Dense(2, dtype="float64"),
            TypeError,
            "model is a Dense; expected a keras.layers.RNN that reads forwards",
        ),
        (rnnbook.torch.LayerNormLSTM(D, H), TypeError, "x has dtype torch.float64; expected torch"),
        (
            [[min_gru.init(np.random.default_rng(0), D, H)]],
            TypeError,
            r"model\[0\]\[0\] is a min_gru.Params; expected .* `influence` takes any",
        ),
        ([[np.zeros(3)]], TypeError, r"model\[0\]\[0\] is an? ndarray; expected Params"),
    ],
)
def test_what_has_no_jacobians_is_refused(model, kind, message):
    with pytest.raises(kind, match=message):
        diagnostics.jacobians(model, np.random.default_rng(0).standard_normal((N, T, D)))


def test_wrong_inputs_are_named():
    _, params, _ = problem("lstm")
    with pytest.raises(ValueError, match=r"x has shape \(5, 2\); expected \(N, T, D\)"):
        diagnostics.jacobians(params, np.zeros((T, D)))
    with pytest.raises(TypeError, match="x is a list; expected a NumPy array"):
        diagnostics.influence(params, [[[0.0, 0.0]]])
    with pytest.raises(ValueError, match="position is 5; expected a step of T = 5"):
        diagnostics.influence(params, np.zeros((N, T, D)), 5)
