"""What diagnostics ask of models of one's own: batches, states between calls, activations."""

import keras
import numpy as np
import pytest
import torch

import rnnbook.tensorflow
from rnnbook import diagnostics, gradcheck
from rnnbook.numpy import gru, lstm, rnn

N, T, D, H = 2, 5, 3, 4
X = np.random.default_rng(0).standard_normal((N, T, D))


class Headed(torch.nn.Module):
    """A GRU and a head; `transposes` is what many write around torch's default."""

    def __init__(self, *, batch_first, transposes=False):
        super().__init__()
        torch.manual_seed(0)
        self.layer = torch.nn.GRU(D, H, batch_first=batch_first, dtype=torch.float64)
        self.norm = torch.nn.BatchNorm1d(H, dtype=torch.float64)
        self.head = torch.nn.Linear(H, 1, dtype=torch.float64)
        self.transposes = transposes

    def forward(self, x, h=None):
        if self.transposes:
            x = x.transpose(0, 1)
        hs, _ = self.layer(x, None if h is None else h[None])
        if self.transposes:
            hs = hs.transpose(0, 1)
        return self.head(self.norm(hs.transpose(1, 2)).transpose(1, 2))


class OwnLSTM(torch.nn.LSTM):
    pass


class Loop(torch.nn.Module):
    """A loop over the first axis, which a state of one sequence fits."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.full((D, D), 0.25, dtype=torch.float64))

    def forward(self, x, h):
        hs = []
        for x_t in x:
            h = torch.tanh(x_t + h @ self.weight)
            hs.append(h)
        return torch.stack(hs)


class OnlyLast(torch.nn.Module):
    """The last entry of the first axis, which is meant as the last step."""

    def forward(self, x):
        return x.cumsum(0)[-1]


BATCH_FIRST = "model mixes the sequences of a batch: .* batch_first=True"


@pytest.mark.parametrize("n", [1, N, T])
@pytest.mark.parametrize("module", [Headed(batch_first=False), OwnLSTM(D, H).double()])
def test_a_torch_module_that_takes_the_batch_for_the_time_is_refused(module, n):
    x = np.random.default_rng(1).standard_normal((n, T, D))
    for measure in (diagnostics.influence, diagnostics.input_sensitivity):
        with pytest.raises(ValueError, match=BATCH_FIRST):
            measure(module, x)
    with pytest.raises((TypeError, ValueError), match=r"model (has a state|returns)"):
        diagnostics.jacobians(module, x)


def test_the_batch_is_tried_with_a_state_too():
    with pytest.raises(ValueError, match=BATCH_FIRST):
        diagnostics.influence(Loop(), X[:1], -1, np.ones((1, D)))
    with pytest.raises(ValueError, match=r"model returns shape \(5, 3\); expected .* N = 2 and T"):
        diagnostics.influence(OnlyLast(), X)


@pytest.mark.parametrize("n", [1, N])
def test_a_module_that_turns_its_inputs_itself_has_the_right_influence(n):
    turning = Headed(batch_first=False, transposes=True)
    plain = Headed(batch_first=True)
    plain.load_state_dict(turning.state_dict())
    x = torch.tensor(X[:n], requires_grad=True)
    (dx,) = torch.autograd.grad(plain.eval()(x)[:, -1].sum(), x)
    state = np.random.default_rng(2).standard_normal((n, H))
    for module in (turning, plain):
        got = diagnostics.influence(module.train(), X[:n])
        assert gradcheck.max_error(got, dx.norm(dim=-1).T.numpy()) < 1e-13
        assert (got > 0).all() and module.training
        assert np.abs(diagnostics.influence(module, X[:n], -1, state) - got).max() > 1e-3


def test_a_module_made_for_one_sequence_is_measured():
    class OwnStart(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.GRU(D, H, batch_first=True, dtype=torch.float64)
            self.start = torch.nn.Parameter(torch.ones(1, 1, H, dtype=torch.float64))

        def forward(self, x):
            return self.layer(x, self.start)

    assert (diagnostics.influence(OwnStart(), X[:1]) > 0).all()


def test_normalisation_over_the_batch_is_refused():
    norm = torch.nn.BatchNorm1d(T, track_running_stats=False, dtype=torch.float64)
    with pytest.raises(ValueError, match=r"mixes .* let normalisation use its running statistics"):
        diagnostics.influence(norm, X)
    mixes = keras.layers.Lambda(lambda x: x + x[::-1], dtype="float64")
    with pytest.raises(ValueError, match="model mixes the sequences of a batch"):
        diagnostics.influence(mixes, X)


# Models that keep something between calls.


class TorchThatGoesOn(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.GRU(D, H, batch_first=True, dtype=torch.float64)
        self.h = None

    def forward(self, x):
        hs, h = self.layer(x, self.h)
        self.h = h.detach()
        return hs


class KerasThatDraws(keras.layers.Layer):
    def call(self, x):
        return x * keras.random.uniform(x.shape, dtype="float64")


@pytest.mark.parametrize("model", [TorchThatGoesOn(), KerasThatDraws(dtype="float64")])
def test_a_model_that_answers_otherwise_the_second_time_is_refused(model):
    with pytest.raises(ValueError, match="model gives other outputs when it reads x again"):
        diagnostics.influence(model, X)


def stateful_layers(stateful):
    options = {"return_sequences": True, "stateful": stateful, "dtype": "float64"}
    cell = rnnbook.tensorflow.ZoneoutCell(
        keras.layers.GRUCell(H, dtype="float64"), rate=0.25, dtype="float64"
    )
    yield keras.layers.RNN(cell, **options)
    yield keras.layers.Bidirectional(keras.layers.GRU(H, **options), dtype="float64")
    inputs = keras.Input(batch_shape=X.shape, dtype="float64")
    head = keras.layers.Dense(1, dtype="float64")
    yield keras.Sequential([inputs, keras.layers.GRU(H, **options), head])


def states_of(model):
    owner = model.layers[0] if isinstance(model, keras.Sequential) else model
    return [state.numpy() for state in owner.states]


@pytest.mark.parametrize("kind", range(3))
def test_stateful_keras_layers_start_from_zeros_and_stay_where_they_are(kind):
    model, plain = (list(stateful_layers(stateful))[kind] for stateful in (True, False))
    measures = [diagnostics.influence]
    measures += [diagnostics.state_sensitivity] if isinstance(model, keras.layers.RNN) else []
    fresh = diagnostics.influence(model, X)
    assert not any(state.any() for state in states_of(model))
    model(X)
    before = states_of(model)
    assert all(np.abs(state).max() > 1e-3 for state in before)
    plain(X)  # makes its weights, of the dtype of X
    plain.set_weights([weight.numpy() for weight in model.trainable_variables])
    assert gradcheck.max_error(fresh, diagnostics.influence(plain, X)) < 1e-13
    for measure in measures:
        assert gradcheck.max_error(measure(model, X), measure(plain, X)) < 1e-13
        assert gradcheck.max_error(states_of(model), before) == 0


# Activations.


def relu(a):
    """Not the one that its name says."""
    return keras.ops.leaky_relu(a, 0.125)


def built(layer):
    layer.build((None, T, D))
    return layer


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("SimpleRNN", {"activation": lambda a: keras.ops.sin(a)}),
        ("SimpleRNN", {"activation": "elu"}),
        ("SimpleRNN", {"activation": relu}),
        ("GRU", {"activation": keras.layers.LeakyReLU(dtype="float64")}),
        ("LSTM", {"recurrent_activation": "hard_sigmoid"}),
    ],
)
def test_keras_layers_with_other_activations_are_differentiated_by_keras(kind, options):
    layer = built(getattr(keras.layers, kind)(H, dtype="float64", **options))

    def outputs(x):
        return layer(x).numpy().sum()

    x = X[:1]
    by_difference = gradcheck.central_difference(outputs, x)[0]
    J = diagnostics.jacobians(layer, x)
    product = np.eye(J.state.shape[-1])
    for t in reversed(range(T)):
        by_input = (product @ J.input[t, 0])[:H].sum(axis=0)
        assert gradcheck.max_error(by_input, by_difference[t]) < 1e-8
        product = product @ J.state[t, 0]
    assert (diagnostics.influence(layer, x) > 0).all()
    with pytest.raises(ValueError, match=rf"activation is 'tanh'; expected None for a {kind}"):
        diagnostics.influence(layer, x, activation="tanh")


def test_a_stated_activation_is_refused_where_it_means_nothing():
    inner = keras.layers.SimpleRNN(H, activation="relu", dtype="float64")
    for activation in ("tanh", "relu"):
        for model, kind in (
            (keras.layers.Bidirectional(inner, dtype="float64"), "Bidirectional"),
            (Headed(batch_first=True), "Headed"),
        ):
            message = f"activation is '{activation}'; expected None for a {kind}, which has its own"
            with pytest.raises(ValueError, match=message):
                diagnostics.influence(model, X, activation=activation)
    rng = np.random.default_rng(3)
    params = lstm.init(rng, D, H)
    for model in (params, [[gru.init(rng, D, H)], [lstm.init(rng, H, 2)]]):
        with pytest.raises(ValueError, match=r"activation is 'relu'; .*Params always uses 'tanh'"):
            diagnostics.influence(model, X, activation="relu")
    got = diagnostics.influence(params, X, activation="tanh")
    assert gradcheck.max_error(got, diagnostics.influence(params, X)) == 0
    mixed = [[rnn.init(rng, D, H)], [lstm.init(rng, H, 2)]]
    by_relu = diagnostics.influence(mixed, X, activation="relu")
    assert np.abs(by_relu - diagnostics.influence(mixed, X)).max() > 1e-3


def test_the_name_of_a_class_of_ones_own_says_nothing_about_its_activation():
    class RNN(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.activation = torch.nn.Softplus()
            self.layer = torch.nn.LSTM(D, H, batch_first=True, dtype=torch.float64)

        def forward(self, x):
            return self.activation(self.layer(x)[0])

    assert (diagnostics.influence(RNN(), X) > 0).all()
