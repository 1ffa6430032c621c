"""Keras layers in `fit`, and the CRF, which brings a loss of its own."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras_cases import (
    CASES,
    FRAME,
    KERAS_RNN,
    OTHERS,
    PADDED,
    RECURRENT,
    TAGS,
    D,
    H,
    N,
    T,
    first,
    masked_inputs,
)

import rnnbook.tensorflow as ours
from rnnbook.gradcheck import max_error
from rnnbook.numpy import crf, lstm
from rnnbook.tensorflow.crf import handed_on


@pytest.fixture(autouse=True)
def _seed():
    keras.utils.set_random_seed(0)


# The CRF.


def field():
    rng = np.random.default_rng(4)
    shapes = ((3, 3), (3,), (3,))
    params = crf.Params(*(rng.standard_normal(s).astype("float32") for s in shapes))
    return ours.CRF(3).load_params(params), params


def test_marginals_and_viterbi_are_those_of_numpy_from_tensors_and_arrays():
    layer, params = field()
    emissions, mask = masked_inputs(CASES["CRF"])
    for e, m in [(emissions, mask), (tf.constant(emissions), tf.constant(mask))]:
        expected = crf.marginals(params, emissions, mask=mask)
        np.testing.assert_allclose(layer.marginals(e, m), expected, atol=1e-5)
        tags, scores = layer.viterbi(e, m)
        assert (tags == crf.viterbi(params, emissions, mask=mask)[0]).all() and scores.shape == (N,)
    clean = np.nan_to_num(emissions)
    np.testing.assert_allclose(layer.marginals(clean), crf.marginals(params, clean), atol=1e-5)


def test_the_gradient_of_the_loss_is_marginals_less_what_is_there():
    layer, _ = field()
    emissions, mask = masked_inputs(CASES["CRF"])
    emissions = tf.constant(np.nan_to_num(emissions))
    with tf.GradientTape() as tape:
        tape.watch(emissions)
        loss = tf.reduce_sum(layer(emissions, TAGS, mask=mask))
    there = np.eye(3, dtype="float32")[TAGS] * mask[..., None]
    expected = layer.marginals(emissions, mask) - there
    np.testing.assert_allclose(tape.gradient(loss, emissions), expected, atol=1e-5)


BAD = [
    (lambda e, t, m: (e, t + 2, m), "tags must be below 3|tags must be below"),
    (lambda e, t, m: (e, t - 1, m), "tags has a negative number"),
    (lambda e, t, m: (e, t, m & False), "mask must count the first step"),
    (lambda e, t, m: (e, t, m ^ (np.arange(T) == 1)), "mask has a gap; pad sequences"),
    (lambda e, t, m: (e * np.float32("nan"), t, m), "emissions has NaN or infinity; mask the step"),
]


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize("change, message", BAD)
def test_numbers_that_a_crf_cannot_take_are_named(change, message, traced):
    layer, _ = field()
    call = tf.function(layer) if traced else layer
    inputs = change(CASES["CRF"].inputs().numpy(), TAGS, PADDED)
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        call(*map(tf.constant, inputs))


def test_tags_that_are_no_whole_numbers_are_refused():
    layer, _ = field()
    with pytest.raises(TypeError, match="tags has dtype float32; expected whole numbers"):
        layer(CASES["CRF"].inputs(), TAGS.astype("float32") + 0.9)


def test_a_crf_is_fitted_behind_masking():
    x, tags = keras.Input((T, D)), keras.Input((T,), dtype="int32")
    emissions = keras.layers.Dense(3)(keras.layers.Masking()(x))
    layer = ours.CRF(3)
    model = keras.Model([x, tags], layer(emissions, tags))
    model.compile("sgd", loss=handed_on)
    inputs, mask = masked_inputs(CASES["RNN"])
    inputs = np.nan_to_num(inputs)
    before = model.get_weights()
    dense = model.layers[[type(one).__name__ for one in model.layers].index("Dense")]
    expected = layer(dense(inputs), TAGS, mask=mask).numpy().mean()
    history = model.fit([inputs, TAGS], np.zeros(N), verbose=0)
    assert history.history["loss"][0] == pytest.approx(expected, rel=1e-5)
    for a, b in zip(before, model.get_weights(), strict=True):
        assert np.abs(a - b).max() > 0


# fit.


@pytest.mark.parametrize("name", [*RECURRENT, "Sweep", "Attention"])
def test_one_step_of_fit_changes_every_weight(name):
    case = CASES[name]
    inputs = keras.Input(case.shape)
    model = keras.Model(inputs, first(case.make()(inputs)))
    model.compile("sgd", "mse")
    x = case.inputs()
    before, y = model.get_weights(), model(x) + 1
    model.fit(x, y, verbose=0)
    for a, b, weight in zip(before, model.get_weights(), model.weights, strict=True):
        assert np.abs(a - b).max() > 0, weight.path


@pytest.mark.parametrize("name", [*KERAS_RNN, *OTHERS[:4]])
def test_fit_behind_masking_does_not_read_masked_steps(name):
    case = CASES[name]
    x, mask = masked_inputs(case)
    inputs = keras.Input(case.shape)
    layer = case.make()
    model = keras.Model(inputs, first(layer(keras.layers.Masking(mask_value=9.0)(inputs))))
    model.compile("sgd", "mse")
    x = np.where(mask[..., None], x, np.float32(9))
    y = np.ones((N, T, layer.output_size if name in OTHERS else H), "float32")
    start, ends = model.get_weights(), []
    for value in (1.0, -50.0):
        model.set_weights(start)
        model.fit(x, np.where(mask[..., None], y, np.float32(value)), verbose=0)
        ends.append(model.get_weights())
    assert max_error(*ends) < 1e-7 < max_error(ends[0], start)


def test_initial_weights_of_a_conv_lstm_do_not_depend_on_the_image():
    keras.utils.set_random_seed(1)
    layer = ours.ConvLSTM(H)
    layer(tf.ones((1, 2, *FRAME, D)))
    keras.utils.set_random_seed(1)
    other = ours.ConvLSTM(H)
    other.build((None, None, None, None, D))
    assert max_error(layer.params(), other.params()) == 0


def test_a_layer_loads_before_it_has_seen_an_input():
    params = lstm.init(np.random.default_rng(0), D, H, dtype=np.float32)
    layer = ours.LSTM(H).load_params(params)
    assert layer.built and layer(CASES["LSTM"].inputs()).shape == (N, H)
    with pytest.raises(ValueError, match=r"W_x has shape \(5, 16\); expected .* = \(5, 28\)"):
        ours.LSTM(7).load_params(params)
