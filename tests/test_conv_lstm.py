"""Convolutional LSTM: by hand against the complex step, the frameworks, and Keras's own."""

import numpy as np
import pytest
from scipy.signal import correlate2d

from rnnbook import gradcheck
from rnnbook.numpy import conv_lstm, convolution

N, T, R, C, D, H = 2, 3, 4, 5, 2, 3


@pytest.fixture
def case():
    rng = np.random.default_rng(0)
    params = conv_lstm.init(rng, channels=D, hidden_size=H)
    params = conv_lstm.Params(*(w + 0.1 * rng.standard_normal(w.shape) for w in params))
    state = conv_lstm.State(*rng.standard_normal((2, N, R, C, H)))
    dstate = conv_lstm.State(*rng.standard_normal((2, N, R, C, H)))
    x = rng.standard_normal((N, T, R, C, D))
    return params, x, state, rng.standard_normal((N, T, R, C, H)), dstate


def test_the_convolution_is_scipys_correlation():
    rng = np.random.default_rng(1)
    x, W = rng.standard_normal((N, R, C, D)), rng.standard_normal((3, 3, D, H))
    y = convolution.convolve(x, W)
    for n, k in np.ndindex(N, H):
        parts = [correlate2d(x[n, ..., d], W[..., d, k], mode="same") for d in range(D)]
        np.testing.assert_allclose(y[n, ..., k], sum(parts), atol=1e-13)


@pytest.mark.parametrize("size", [1, 3, 5])
def test_fold_is_the_transpose_of_unfold(size):
    rng = np.random.default_rng(2)
    x, dy = rng.standard_normal((N, R, C, D)), rng.standard_normal((N, R, C, size**2 * D))
    one = (convolution.unfold(x, size) * dy).sum()
    assert one == pytest.approx((x * convolution.fold(dy, size)).sum(), rel=1e-12)


def loss(params, x, state, dhs, dstate):
    hs, last, _ = conv_lstm.forward(params, x, state)
    return (hs * dhs).sum() + (last.h * dstate.h).sum() + (last.c * dstate.c).sum()


def test_gradients_agree_with_the_complex_step(case):
    params, x, state, dhs, dstate = case
    _, _, cache = conv_lstm.forward(params, x, state)
    by_hand = conv_lstm.backward(params, cache, dhs, dstate)
    by_step = gradcheck.complex_step(
        lambda tree: loss(*tree, dhs, dstate), (params, x, conv_lstm.State(*state))
    )
    assert gradcheck.max_error(by_hand, by_step) < 1e-12


def test_step_is_forward(case):
    params, x, state, _, _ = case
    hs, _, _ = conv_lstm.forward(params, x, state)
    for t in range(T):
        state = conv_lstm.step(params, x[:, t], state)
        np.testing.assert_allclose(state.h, hs[:, t], atol=1e-14)


def test_with_filters_of_one_pixel_it_is_an_lstm_at_every_pixel(case):
    from rnnbook.numpy import lstm

    params, x, _, _, _ = case
    middle = conv_lstm.Params(params.W_x[1:2, 1:2], params.W_h[1:2, 1:2], params.b)
    hs, _, _ = conv_lstm.forward(middle, x)
    plain = lstm.Params(middle.W_x[0, 0], middle.W_h[0, 0], middle.b)
    pixels = np.moveaxis(x, 1, 3).reshape(N * R * C, T, D)
    expected, _, _ = lstm.forward(plain, pixels)
    np.testing.assert_allclose(hs, np.moveaxis(expected.reshape(N, R, C, T, H), 3, 1), atol=1e-13)


def test_news_travel_one_pixel_a_step_beyond_the_filter(case):
    params, x, _, _, _ = case
    x = np.zeros((1, 3, 9, 9, D))
    moved = x.copy()
    moved[0, 0, 4, 4] = 1
    changed = conv_lstm.forward(params, x)[0] != conv_lstm.forward(params, moved)[0]
    for t in range(3):
        rows, columns = np.nonzero(changed[0, t].any(axis=-1))
        assert np.ptp(rows) + 1 == np.ptp(columns) + 1 == 3 + 2 * t


def test_torch_gives_the_same_outputs_and_gradients(case):
    import torch

    from rnnbook.torch import ConvLSTM

    params, x, state, dhs, dstate = case
    module = ConvLSTM(D, H, dtype=torch.float64).load_params(params)
    x_t = torch.tensor(x, requires_grad=True)
    first = [torch.tensor(s, requires_grad=True) for s in state]
    hs, last = module(x_t, first)
    total = (hs * torch.tensor(dhs)).sum()
    total = total + sum((a * torch.tensor(b)).sum() for a, b in zip(last, dstate, strict=True))
    total.backward()
    expected, _, cache = conv_lstm.forward(params, x, state)
    grads = conv_lstm.backward(params, cache, dhs, dstate)
    assert gradcheck.max_error(hs.detach().numpy(), expected) < 1e-12
    ours = [getattr(module, name).grad.numpy() for name in params._fields]
    ours = (conv_lstm.Params(*ours), x_t.grad.numpy(), [s.grad.numpy() for s in first])
    assert gradcheck.max_error(ours, grads) < 1e-12


@pytest.mark.parametrize("compiled", [False, True])
def test_tensorflow_gives_the_same_outputs_and_gradients(case, compiled):
    import tensorflow as tf

    from rnnbook.tensorflow import ConvLSTM

    params, x, state, dhs, dstate = case
    layer = ConvLSTM(H, dtype="float64")
    layer(x)
    layer.set_weights(params)
    call = tf.function(layer) if compiled else layer
    x_t, first = tf.Variable(x), [tf.Variable(s) for s in state]
    with tf.GradientTape() as tape:
        hs, last = call(x_t, first)
        total = tf.reduce_sum(hs * dhs)
        total += sum(tf.reduce_sum(a * b) for a, b in zip(last, dstate, strict=True))
    expected, _, cache = conv_lstm.forward(params, x, state)
    grads = conv_lstm.backward(params, cache, dhs, dstate)
    assert gradcheck.max_error(hs.numpy(), expected) < 1e-12
    found = tape.gradient(total, [*layer.trainable_variables, x_t, *first])
    found = [tf.convert_to_tensor(g).numpy() for g in found]
    found = (conv_lstm.Params(*found[:3]), found[3], found[4:])
    assert gradcheck.max_error(found, grads) < 1e-12
    again = ConvLSTM.from_config(layer.get_config())
    assert again(x)[0].shape == hs.shape


def test_keras_conv_lstm_2d_with_the_same_weights_agrees(case):
    import keras

    params, x, *_ = case
    layer = keras.layers.ConvLSTM2D(H, 3, padding="same", return_sequences=True, dtype="float64")
    layer(x)
    layer.set_weights(params)
    expected, _, _ = conv_lstm.forward(params, x)
    np.testing.assert_allclose(layer(x).numpy(), expected, atol=1e-12)


def test_errors(case):
    import torch

    from rnnbook import tensorflow
    from rnnbook.torch import ConvLSTM

    params, x, state, _, _ = case
    message = r"x has shape \(2, 3, 4, 5\); expected \(N, T, R, C, D\) with D = 2"
    with pytest.raises(ValueError, match=message):
        conv_lstm.forward(params, x[..., 0])
    with pytest.raises(ValueError, match=message):
        ConvLSTM(D, H)(torch.zeros(x.shape[:4]))
    with pytest.raises(ValueError, match=r"h has shape \(2, 4, 5, 2\); expected \(N, R, C, H\)"):
        conv_lstm.forward(params, x, conv_lstm.State(state.h[..., :2], state.c))
    with pytest.raises(ValueError, match=r"W_h has shape .* expected \(k, k, H, 4H\)"):
        conv_lstm.forward(params._replace(W_h=params.W_h[..., :4]), x)
    with pytest.raises(TypeError, match=r"x has dtype torch.float64; expected torch.float32"):
        ConvLSTM(D, H)(torch.zeros(x.shape, dtype=torch.float64))
    spoiled = x.copy()
    spoiled[1, 2, 0, 0, 0] = np.nan
    with pytest.raises(ValueError, match=r"x\[1, 2\] has NaN or infinity"):
        conv_lstm.forward(params, spoiled)
    for make in (
        lambda: conv_lstm.init(np.random.default_rng(0), D, H, kernel_size=4),
        lambda: ConvLSTM(D, H, kernel_size=4),
        lambda: tensorflow.ConvLSTM(H, kernel_size=4),
    ):
        with pytest.raises(ValueError, match="kernel_size is 4; expected an odd number"):
            make()
