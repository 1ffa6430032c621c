"""Layer normalisation, variational dropout and zoneout: the same in both frameworks."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch

import rnnbook.tensorflow as ours_tf
import rnnbook.torch as ours_torch
from rnnbook.gradcheck import max_error
from rnnbook.numpy import rnn

N, T, D, H = 3, 5, 2, 4
NAMES = ("W_x", "W_h", "b", "s_x", "s_h", "s_c", "b_c")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def layer_norm_pair(rng):
    torch_layer = ours_torch.LayerNormLSTM(D, H, dtype=torch.float64)
    weights = [rng.standard_normal(getattr(torch_layer, name).shape) for name in NAMES]
    for name, value in zip(NAMES, weights, strict=True):
        getattr(torch_layer, name).data = torch.tensor(value)
    keras_layer = ours_tf.LayerNormLSTM(H, return_sequences=True, dtype="float64")
    keras_layer.build((None, None, D))
    keras_layer.set_weights(weights)
    return torch_layer, keras_layer, dict(zip(NAMES, weights, strict=True))


def pair(name, rng):
    torch_layer = getattr(ours_torch, name)(D, H, dtype=torch.float64)
    params = type(torch_layer.params())(
        *(rng.standard_normal(w.shape) for w in torch_layer.params())
    )
    keras_layer = getattr(ours_tf, name)(H, return_sequences=True, dtype="float64")
    keras_layer.build((None, None, D))
    keras_layer.set_weights(params)
    return torch_layer.load_params(params), keras_layer


def batch(rng, mask=False):
    x = rng.standard_normal((N, T, D))
    keep = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [1, 0, 1, 1, 0]], bool)
    if mask:
        x[~keep] = np.nan
    return x, (keep if mask else None)


def weight_of(hs):
    """A different weight for every output."""
    return np.arange(1.0, np.prod(hs.shape) + 1).reshape(tuple(hs.shape)) / 10


def run_torch(layer, x, mask):
    x = torch.tensor(x, requires_grad=True)
    hs, _ = layer(x, mask=None if mask is None else torch.tensor(mask))
    (hs * torch.tensor(weight_of(hs))).sum().backward()
    return hs.detach().numpy(), x.grad.numpy()


def run_keras(layer, x, mask, **options):
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        hs = layer(x, mask=None if mask is None else tf.constant(mask), **options)
        total = tf.reduce_sum(hs * weight_of(hs))
    return hs.numpy(), tape.gradient(total, x).numpy()


@pytest.mark.parametrize("mask", [False, True])
def test_layer_norm_is_the_same_in_both_frameworks(rng, mask):
    torch_layer, keras_layer, _ = layer_norm_pair(rng)
    x, keep = batch(rng, mask)
    assert max_error(run_torch(torch_layer, x, keep), run_keras(keras_layer, x, keep)) < 1e-10


def test_layer_norm_is_the_formula_of_the_paper(rng):
    torch_layer, _, w = layer_norm_pair(rng)
    x, _ = batch(rng)
    norm = torch.nn.functional.layer_norm
    h = c = torch.zeros(N, H, dtype=torch.float64)
    w = {name: torch.tensor(value) for name, value in w.items()}
    for t in range(T):
        u_x = norm(torch.tensor(x[:, t]) @ w["W_x"], (4 * H,), w["s_x"])
        u_h = norm(h @ w["W_h"], (4 * H,), w["s_h"])
        a_i, a_f, a_g, a_o = (u_x + u_h + w["b"]).chunk(4, dim=-1)
        c = torch.sigmoid(a_f) * c + torch.sigmoid(a_i) * torch.tanh(a_g)
        h = torch.sigmoid(a_o) * torch.tanh(norm(c, (H,), w["s_c"], w["b_c"]))
    assert max_error(torch_layer(torch.tensor(x))[1][0].detach().numpy(), h.numpy()) < 1e-12


def test_layer_norm_does_not_see_the_scale_of_its_input(rng):
    torch_layer, _, _ = layer_norm_pair(rng)
    x, _ = batch(rng)
    once, hundred = (torch_layer(torch.tensor(s * x))[0].detach().numpy() for s in (10, 1000))
    assert max_error(once, hundred) < 1e-4


def fix_draws(monkeypatch, value):
    """Let both frameworks draw the same numbers: `value` in the shape that is asked for."""
    monkeypatch.setattr(
        torch, "rand_like", lambda v: torch.tensor(value[: v.shape[0], : v.shape[1]])
    )
    monkeypatch.setattr(
        tf.random, "uniform", lambda shape: tf.constant(value[: int(shape[0]), : int(shape[1])])
    )


@pytest.mark.parametrize("name", ["RNN", "LSTM"])
@pytest.mark.parametrize("mask", [False, True])
def test_variational_dropout_is_the_same_in_both_frameworks(rng, monkeypatch, name, mask):
    torch_layer, keras_layer = pair(name, rng)
    rates = {"input_rate": 0.3, "state_rate": 0.5}
    a = ours_torch.VariationalDropout(torch_layer, **rates)
    b = ours_tf.VariationalDropout(keras_layer, **rates)
    x, keep = batch(rng, mask)
    fix_draws(monkeypatch, rng.uniform(size=(N, H)))
    dropped = run_torch(a, x, keep)
    assert max_error(dropped, run_keras(b, x, keep, training=True)) < 1e-10
    plain = run_torch(a.eval(), x, keep)
    assert max_error(plain, run_torch(torch_layer, x, keep)) < 1e-12
    assert max_error(plain, run_keras(b, x, keep)) < 1e-10
    assert max_error(dropped[0], plain[0]) > 0.01


def test_the_dropout_mask_is_the_same_at_every_step_and_has_mean_one():
    torch.manual_seed(0)
    layer = ours_torch.RNN(1, 1, activation="relu")
    with torch.no_grad():
        for weight, value in ((layer.W_x, 1.0), (layer.W_h, 0.0), (layer.b, 0.0)):
            weight.fill_(value)
    dropped = ours_torch.VariationalDropout(layer, input_rate=0.25)
    hs = dropped(torch.ones(20_000, 3, 1))[0][..., 0]
    assert (hs[:, 0] == hs[:, 1]).all() and (hs[:, 0] == hs[:, 2]).all()
    assert hs[:, 0].unique().tolist() == pytest.approx([0, 4 / 3])
    assert hs[:, 0].mean().item() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("framework", ["torch", "keras"])
def test_inputs_and_states_are_dropped_at_the_rates_that_were_asked_for(framework):
    """h_1 = m_x and h_2 = m_x + m_h h_1, for a layer that adds input and state."""
    size, rates, ones = 20_000, {"input_rate": 0.25, "state_rate": 0.6}, np.ones((1, 1))
    params = rnn.Params(ones, ones, np.zeros(1))
    x = np.ones((size, 2, 1))
    if framework == "torch":
        torch.manual_seed(0)
        layer = ours_torch.RNN(1, 1, activation="relu", dtype=torch.float64).load_params(params)
        dropped = ours_torch.VariationalDropout(layer, **rates)
        hs = dropped(torch.tensor(x))[0].detach().numpy()[..., 0]
    else:
        keras.utils.set_random_seed(0)
        layer = ours_tf.RNN(1, activation="relu", dtype="float64").load_params(params)
        dropped = ours_tf.VariationalDropout(layer, **rates)
        hs = dropped(x, training=True).numpy()[..., 0]
    m_x = hs[:, 0]
    m_h = hs[m_x > 0, 1] / m_x[m_x > 0] - 1
    for mask, rate in ((m_x, 0.25), (m_h, 0.6)):
        kept = mask > 1e-12
        np.testing.assert_allclose(mask[kept], 1 / (1 - rate))
        assert 1 - kept.mean() == pytest.approx(rate, abs=0.02)  # 4 standard errors


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("training", [False, True])
def test_zoneout_is_the_same_in_both_frameworks(rng, monkeypatch, name, training):
    torch_layer, keras_layer = pair(name, rng)
    rates = {"rate": 0.3, "cell_rate": 0.6}
    a = ours_torch.Zoneout(torch_layer, **rates).train(training)
    cell = ours_tf.ZoneoutCell(keras_layer.cell, **rates)
    b = keras.layers.RNN(cell, return_sequences=True, unroll=True, dtype="float64")
    x, _ = batch(rng)
    fix_draws(monkeypatch, rng.uniform(size=(N, H)))
    assert max_error(run_torch(a, x, None), run_keras(b, x, None, training=training)) < 1e-10


def test_zoneout_keeps_the_share_that_was_asked_for():
    torch.manual_seed(0)
    layer = ours_torch.GRU(2, 50)
    zoneout = ours_torch.Zoneout(layer, rate=0.3)
    hs = zoneout(torch.randn(200, 6, 2))[0]
    kept = (hs[:, 1:] == hs[:, :-1]).float().mean().item()
    assert kept == pytest.approx(0.3, abs=0.01)
    none = ours_torch.Zoneout(layer)
    x = torch.randn(3, 4, 2)
    assert torch.allclose(none(x)[0], layer(x)[0])


def test_masked_steps_are_skipped_by_zoneout(rng):
    torch_layer, _ = pair("LSTM", rng)
    x, keep = batch(rng, mask=True)
    hs, dx = run_torch(ours_torch.Zoneout(torch_layer, rate=0.3).eval(), x, keep)
    assert not hs[~keep].any() and not dx[~keep].any() and np.isfinite(dx).all()


def test_they_are_saved_and_loaded(rng, tmp_path):
    x, _ = batch(rng)
    inner = ours_tf.LSTM(H, return_sequences=True)
    for layer in (
        ours_tf.LayerNormLSTM(H, return_sequences=True),
        ours_tf.VariationalDropout(inner, input_rate=0.2, state_rate=0.1),
        keras.layers.RNN(ours_tf.ZoneoutCell(ours_tf.GRUCell(H), rate=0.2), return_sequences=True),
    ):
        model = keras.Sequential([keras.Input((T, D)), layer])
        path = tmp_path / "model.keras"
        model.save(path)
        again = keras.models.load_model(path)
        assert max_error(np.asarray(again(x)), np.asarray(model(x))) == 0


@pytest.mark.parametrize("package, zoneout", [(ours_torch, "Zoneout"), (ours_tf, "ZoneoutCell")])
def test_bad_settings_are_refused(package, zoneout):
    gru = package.GRU(D, H) if package is ours_torch else package.GRU(H)
    lstm = package.LSTM(D, H) if package is ours_torch else package.LSTM(H)
    with pytest.raises(TypeError, match="layer is a GRU"):
        package.VariationalDropout(gru)
    if package is ours_torch:
        for wrap in (package.Zoneout, package.VariationalDropout):
            with pytest.raises(TypeError, match="layer is a LRU; expected an RNN, LSTM"):
                wrap(package.LRU(D, H))
    with pytest.raises(ValueError, match=r"state_rate is 1\.5; expected a probability"):
        package.VariationalDropout(lstm, state_rate=1.5)
    with pytest.raises(ValueError, match=r"rate is -0\.1"):
        getattr(package, zoneout)(lstm if package is ours_torch else lstm.cell, rate=-0.1)
