"""Sweeps in four directions: against loops over rows and columns, and between frameworks."""

import numpy as np
import pytest

from rnnbook import gradcheck
from rnnbook.numpy import gru, lstm, sweep

N, R, C, D, H = 2, 3, 4, 3, 2


@pytest.fixture
def case():
    rng = np.random.default_rng(0)
    layers = sweep.init(gru, rng, channels=D, hidden_size=H)
    return layers, rng.standard_normal((N, R, C, D)), rng.standard_normal((N, R, C, 2 * H))


def both_ways(pair, x):
    """One sequence (T, D), read from both ends."""
    ahead, _, _ = gru.forward(pair[0], x[None])
    back, _, _ = gru.forward(pair[1], x[None, ::-1])
    return np.concatenate([ahead[0], back[0, ::-1]], axis=-1)


def test_it_is_the_loop_over_rows_and_then_over_columns(case):
    layers, x, _ = case
    expected = np.empty((N, R, C, 2 * H))
    for n in range(N):
        rows = np.stack([both_ways(layers[0], x[n, r]) for r in range(R)])
        for c in range(C):
            expected[n, :, c] = both_ways(layers[1], rows[:, c])
    np.testing.assert_allclose(sweep.forward(layers, x)[0], expected, atol=1e-14)


def test_every_output_depends_on_every_pixel(case):
    layers, x, _ = case
    before, _ = sweep.forward(layers, x)
    for r, c in np.ndindex(R, C):
        moved = x.copy()
        moved[:, r, c] += 1
        assert (sweep.forward(layers, moved)[0] != before).any(axis=-1).all()


@pytest.mark.parametrize("cell", [gru, lstm])
def test_gradients_agree_with_the_complex_step(case, cell):
    _, x, dhs = case
    layers = sweep.init(cell, np.random.default_rng(1), channels=D, hidden_size=H)
    _, cache = sweep.forward(layers, x)
    by_hand = sweep.backward(layers, cache, dhs)
    by_step = gradcheck.complex_step(
        lambda tree: (sweep.forward(*tree)[0] * dhs).sum(), (layers, x)
    )
    assert gradcheck.max_error(by_hand, by_step) < 1e-12


def test_torch_gives_the_same_outputs_and_gradients(case):
    import torch

    from rnnbook.torch import GRU, Sweep

    layers, x, dhs = case
    module = Sweep(
        [
            [GRU(*p.W_x.shape[:1], H, dtype=torch.float64).load_params(p) for p in ls]
            for ls in layers
        ]
    )
    inputs = torch.tensor(x, requires_grad=True)
    hs = module(inputs)
    expected, cache = sweep.forward(layers, x)
    assert gradcheck.max_error(hs.detach().numpy(), expected) < 1e-12
    (hs * torch.tensor(dhs)).sum().backward()
    dlayers, dx = sweep.backward(layers, cache, dhs)
    assert gradcheck.max_error(inputs.grad.numpy(), dx) < 1e-12
    right = module.rows.layers[0][0]
    assert gradcheck.max_error(right.W_h.grad.numpy(), dlayers[0][0].W_h) < 1e-12


@pytest.mark.parametrize("compiled", [False, True])
def test_tensorflow_gives_the_same_outputs_and_gradients(case, compiled):
    import tensorflow as tf

    from rnnbook.tensorflow import GRU, Sweep

    def layer():
        return GRU(H, return_sequences=True, return_state=True, dtype="float64")

    layers, x, dhs = case
    module = Sweep([[layer(), layer()], [layer(), layer()]], dtype="float64")
    module(x)
    ours = [*module.rows.layers[0], *module.columns.layers[0]]
    for one, params in zip(ours, [*layers[0], *layers[1]], strict=True):
        one.set_weights(params)
    call = tf.function(module) if compiled else module
    inputs = tf.Variable(x)
    with tf.GradientTape() as tape:
        hs = call(inputs)
        total = tf.reduce_sum(hs * dhs)
    expected, cache = sweep.forward(layers, x)
    assert gradcheck.max_error(hs.numpy(), expected) < 1e-12
    dx = tf.convert_to_tensor(tape.gradient(total, inputs)).numpy()
    assert gradcheck.max_error(dx, sweep.backward(layers, cache, dhs)[1]) < 1e-12
    again = Sweep.from_config(module.get_config())
    assert again(x).shape == hs.shape


def test_errors(case):
    layers, x, _ = case
    with pytest.raises(ValueError, match=r"x has shape \(2, 3, 4\); expected \(N, R, C, D\)"):
        sweep.forward(layers, x[..., 0])
    with pytest.raises(ValueError, match=r"layers has entries of \[2\]; expected two pairs"):
        sweep.forward(layers[:1], x)


def test_errors_of_torch_and_tensorflow():
    import torch

    from rnnbook import tensorflow
    from rnnbook.torch import GRU, Sweep

    def pair(D):
        return [GRU(D, H), GRU(D, H)]

    with pytest.raises(ValueError, match=r"layers has entries of \[2\]; expected two pairs"):
        Sweep([pair(D)])
    with pytest.raises(ValueError, match=r"x has shape \(2, 0, 4, 3\); expected \(N, R, C, D\)"):
        Sweep([pair(D), pair(2 * H)])(torch.zeros(N, 0, C, D))
    with pytest.raises(ValueError, match=r"layers has entries of \[\]; expected two pairs"):
        tensorflow.Sweep([])
