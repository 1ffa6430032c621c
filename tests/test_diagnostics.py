import cells
import keras
import numpy as np
import pytest
import references
import torch

from rnnbook import convert, diagnostics, gradcheck
from rnnbook.numpy import lstm, rnn

N, T, D, H = cells.N, cells.T, cells.D, cells.H


def problem(name):
    rng = np.random.default_rng(1)
    return cells.CELLS[name].module, cells.random_params(cells.CELLS[name], rng), rng


def flat(state):
    return np.concatenate(state, axis=-1) if isinstance(state, tuple) else state


def unflat(module, s):
    return lstm.State(*np.split(s, 2, axis=-1)) if module is lstm else s


def complex_params(params):
    return type(params)(*(w.astype(complex) for w in params))


@pytest.mark.parametrize("name", cells.BOUNDED)
def test_jacobians_are_those_of_the_complex_step(name):
    module, params, rng = problem(name)
    x = rng.standard_normal((N, T, D))
    J = diagnostics.jacobians(params, x)
    _, _, cache = module.forward(params, x)
    old = np.concatenate([cache.h, cache.c], -1) if module is lstm else cache.h
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


def test_what_cannot_be_diagnosed_is_refused():
    x = np.zeros((N, T, D))
    two = torch.nn.GRU(D, H, num_layers=2, dtype=torch.float64)
    for model in (two, torch.nn.Linear(2, 2), keras.layers.Dense(2), "lstm"):
        with pytest.raises(TypeError, match=r"expected (one layer|torch.nn.RNN|Keras SimpleRNN)"):
            diagnostics.jacobians(model, x)
