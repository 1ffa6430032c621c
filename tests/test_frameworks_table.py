"""What the table in `chapters/tools/frameworks` says and the page itself does not prove.

The page proves one finding a row. Here is the rest: shapes, defaults, names.
"""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch

from rnnbook.numpy import gru, lstm

jax = pytest.importorskip("jax")
eqx = pytest.importorskip("equinox")
N, T, D, H = 3, 5, 4, 6
KINDS = {"LSTM": 4, "GRU": 3}
kinds = pytest.mark.parametrize(("kind", "blocks"), KINDS.items(), ids=list(KINDS))


def built(kind, **options):
    layer = getattr(keras.layers, kind)(H, **options)
    layer.build((None, None, D))
    return layer


def equinox_cell(kind, **options):
    return getattr(eqx.nn, f"{kind}Cell")(D, H, key=jax.random.key(0), **options)


def test_keras_under_tensorflow_is_keras():
    assert tf.keras.layers.LSTM is keras.layers.LSTM


@kinds
def test_row_2_which_side_is_tall(kind, blocks):
    tall = [(blocks * H, D), (blocks * H, H)]
    wide = [(D, blocks * H), (H, blocks * H)]
    in_torch, in_jax = getattr(torch.nn, kind)(D, H), equinox_cell(kind)
    params = {"LSTM": lstm, "GRU": gru}[kind].init(np.random.default_rng(0), D, H)
    assert [tuple(w.shape) for w in (in_torch.weight_ih_l0, in_torch.weight_hh_l0)] == tall
    assert [w.shape for w in (in_jax.weight_ih, in_jax.weight_hh)] == tall
    assert [w.shape for w in built(kind).get_weights()[:2]] == wide
    assert [w.shape for w in params[:2]] == wide


def test_row_5_how_many_biases():
    rng = np.random.default_rng(0)
    for kind, blocks in KINDS.items():
        layer = getattr(torch.nn, kind)(D, H)
        assert layer.bias_ih_l0.shape == layer.bias_hh_l0.shape == (blocks * H,)
    assert built("LSTM").get_weights()[2].shape == (4 * H,)
    assert built("GRU").get_weights()[2].shape == (2, 3 * H)
    assert built("GRU", reset_after=False).get_weights()[2].shape == (3 * H,)
    assert equinox_cell("LSTM").bias.shape == (4 * H,)
    assert equinox_cell("GRU").bias.shape == (3 * H,)
    assert equinox_cell("GRU").bias_n.shape == (H,)
    assert [b.shape for b in lstm.init(rng, D, H)[2:]] == [(4 * H,)]
    assert [b.shape for b in gru.init(rng, D, H)[2:]] == [(3 * H,), (3 * H,)]
    assert [b.shape for b in gru.init(rng, D, H, reset="before")[2:]] == [(3 * H,)]


def test_row_6_the_default_of_keras():
    assert keras.layers.GRU(H).reset_after


def test_rows_7_and_8_what_comes_back():
    x = np.random.default_rng(0).standard_normal((N, T, D)).astype(np.float32)
    outputs, state = torch.nn.LSTM(D, H, 2, bidirectional=True, batch_first=True)(torch.tensor(x))
    assert outputs.shape == (N, T, 2 * H)
    assert {tuple(v.shape) for v in state} == {(4, N, H)}
    assert keras.layers.LSTM(H)(x).shape == (N, H)
    asked = keras.layers.LSTM(H, return_sequences=True, return_state=True)(x)
    assert [tuple(v.shape) for v in asked] == [(N, T, H), (N, H), (N, H)]
    h, c = equinox_cell("LSTM")(jax.numpy.asarray(x[0, 0]), (jax.numpy.zeros(H),) * 2)
    assert h.shape == c.shape == (H,)
    hs, state, _ = lstm.forward(lstm.init(np.random.default_rng(0), D, H), x.astype(float))
    assert hs.shape == (N, T, H)
    assert {v.shape for v in state} == {(N, H)}


def test_row_13_the_size_of_epsilon():
    assert torch.optim.Adam([torch.zeros(1)]).defaults["eps"] == 1e-8
    assert keras.optimizers.Adam().epsilon == 1e-7


def order_in_tensorflow(operation, **options):
    """The gates of an operation below Keras: which one answers when a block of the bias is 50."""

    def sigmoid(a):
        return 1 / (1 + np.exp(-a))

    def expected(pushed):
        a = dict.fromkeys("ifgo", 1.0) | {pushed: 50.0}
        c = sigmoid(a["f"]) + sigmoid(a["i"]) * np.tanh(a["g"])
        return np.array([sigmoid(a["o"]) * np.tanh(c), c])

    order = ""
    for block in range(4):
        bias = np.ones((4, H), np.float32)
        bias[block] = 50.0
        out = operation(
            seq_len_max=tf.constant(1, tf.int64),
            x=tf.zeros((1, 1, D)),
            cs_prev=tf.ones((1, H)),
            h_prev=tf.zeros((1, H)),
            w=tf.zeros((D + H, 4 * H)),
            b=tf.constant(bias.reshape(-1)),
            **dict.fromkeys(("wci", "wcf", "wco"), tf.zeros(H)),
            **options,
        )
        got = np.array([out.h[0, 0, 0], out.cs[0, 0, 0]])
        errors = {gate: np.abs(got - expected(gate)).max() for gate in "ifgo"}
        order += min(errors, key=errors.get)
    return order


def test_tensorflow_has_an_operation_with_another_order_of_gates():
    assert order_in_tensorflow(tf.raw_ops.BlockLSTM, forget_bias=0.0) == "igfo"
    assert order_in_tensorflow(tf.raw_ops.BlockLSTMV2) == "ifgo"
